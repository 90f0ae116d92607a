import { createTeam, submitLogin } from './support/forms'
import { expect, screenshot, test } from './support/test'
import { createAccount, newUser, signIn, unique } from './support/users'

test('a visitor is led to the sign-in page', async ({ page }) => {
  await page.goto('/teams')

  await expect(page).toHaveURL('/auth/login')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})

test('after signing in, a member is where they wanted to go', async ({ page, member }) => {
  await page.goto('/auth/settings')
  await expect(page).toHaveURL(/\/auth\/login\?returnTo=/)

  await submitLogin(page, member)
  await expect(page).toHaveURL('/auth/settings')
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
})

test('the backend asks for a session itself', async ({ request }) => {
  const response = await request.get('/api/teams')

  expect(response.status()).toBe(401)
})

test('a team is hidden from those who are not in it', async ({ memberPage: page, browser, playwright, request }) => {
  await page.goto('/teams')
  const slug = `secret-${unique()}`
  await createTeam(page, { name: 'Secret', slug })
  await expect(page).toHaveURL(`/teams/${slug}`)

  const other = newUser()
  await createAccount(request, other)
  const otherBrowser = await browser.newContext()
  await signIn(playwright.request, otherBrowser, other)
  const otherPage = await otherBrowser.newPage()
  const response = await otherPage.goto(`/teams/${slug}`)

  expect(response?.status()).toBe(404)
  await expect(otherPage.getByRole('heading', { name: 'Not found' })).toBeVisible()
  await screenshot(otherPage, 'not-found')
  await otherBrowser.close()
})
