import { submitCode, submitLogin } from './support/forms'
import { complaint, expect, screenshot, test } from './support/test'
import { createAccount } from './support/users'

test('a member signs in', async ({ page, member }) => {
  await page.goto('/')
  await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await screenshot(page, 'form')

  await submitLogin(page, member)
  await expect(page).toHaveURL('/teams')
  await expect(page.getByRole('link', { name: 'Account of Jane Doe' })).toBeVisible()

  await page.reload()
  await expect(page).toHaveURL('/teams')
})

test('nobody signs in with an address that is not verified', async ({ page, request, stranger, mailboxOf }) => {
  await createAccount(request, stranger, { verified: false })

  await page.goto('/auth/login')
  await submitLogin(page, stranger)
  await expect(complaint(page)).toHaveText('Verify your address first. The link for it is below.')
  await screenshot(page, 'not-verified')

  await page.getByRole('link', { name: 'Verify your address' }).click()
  await expect(page.getByRole('heading', { name: 'Verify your address' })).toBeVisible()
  await page.getByLabel('E-mail').fill(stranger.email)
  await page.getByRole('button', { name: 'Send code' }).click()
  await submitCode(page, await mailboxOf(stranger).code())
  await page.getByRole('link', { name: 'Continue' }).click()

  await expect(page).toHaveURL('/auth/login')
  await submitLogin(page, stranger)
  await expect(page).toHaveURL('/teams')
})

test('who is signed in already does not see the form', async ({ memberPage: page }) => {
  await page.goto('/auth/login')

  await expect(page).toHaveURL('/teams')
  await expect(page.getByRole('link', { name: 'Account of Jane Doe' })).toBeVisible()
})
