import { expect, test } from './support/test'

test('a member signs out', async ({ memberPage: page }) => {
  await page.goto('/teams')
  await expect(page.getByRole('link', { name: 'Account of Jane Doe' })).toBeVisible()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL('/auth/login')

  await page.goto('/teams')
  await expect(page).toHaveURL('/auth/login')
})

test('the cookie of a session that was ended opens nothing', async ({ memberPage: page, context }) => {
  await page.goto('/teams')
  const cookies = await context.cookies()
  expect(await context.request.get('/api/teams')).toBeOK()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL('/auth/login')
  await context.addCookies(cookies)

  const response = await context.request.get('/api/teams')
  expect(response.status()).toBe(401)
})
