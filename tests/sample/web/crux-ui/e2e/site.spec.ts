import { createProject, createTeam } from './support/forms'
import { expect, screenshot, test } from './support/test'
import { unique } from './support/users'

test('every part answers at its address', async ({ request }) => {
  const health = await request.get('/api/health')
  expect(await health.json()).toMatchObject({ status: 'operational' })

  const status = await request.get('/api/status')
  expect(await status.json()).toMatchObject({ status: 'operational' })

  expect(await request.get('/kratos/health/ready')).toBeOK()
})

test('an address with nothing at it', async ({ page }) => {
  const response = await page.goto('/nothing/here')

  expect(response?.status()).toBe(404)
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible()
})

test('an error that Kratos has no form for', async ({ page }) => {
  await page.goto('/error')

  await expect(page.getByRole('heading', { name: 'That did not work' })).toBeVisible()
  await screenshot(page, 'error')
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } })

  test('no page is wider than the screen', async ({ memberPage: page }) => {
    const pages = ['/', '/auth/verify', '/auth/settings', '/error', '/nothing']

    await page.goto('/teams')
    await createTeam(page, { name: 'Averyveryverylongwordthatdoesnotbreakanywhere', slug: `long-${unique()}` })
    await expect(page).toHaveURL(/\/teams\/long-/)
    await createProject(page, { name: 'Search', description: 'x'.repeat(200) })
    await expect(page.getByRole('status')).toHaveText('Search was created.')
    await screenshot(page, 'phone-team')

    for (const path of [page.url(), '/teams', ...pages]) {
      await page.goto(path)
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(excess, `${path} should fit`).toBeLessThanOrEqual(0)
    }

    await page.goto('/')
    await screenshot(page, 'phone-landing')
  })
})

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark' })

  test('pages are dark', async ({ page }) => {
    await page.goto('/auth/login')

    await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(15, 22, 21)')
    await screenshot(page, 'dark-login')
  })
})
