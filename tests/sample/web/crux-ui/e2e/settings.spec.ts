import { submitLogin, submitNewPassword } from './support/forms'
import { expect, screenshot, test } from './support/test'

test('a member changes the password', async ({ memberPage: page, member }) => {
  const password = `${member.password}, and new`

  await page.goto('/teams')
  await page.getByRole('link', { name: 'Account of Jane Doe' }).click()
  await expect(page.getByText(member.email)).toBeVisible()
  await screenshot(page, 'form')

  await submitNewPassword(page, password)
  await expect(page.getByRole('heading', { name: 'Password changed' })).toBeVisible()
  await screenshot(page, 'changed')

  await page.getByRole('button', { name: 'Sign out' }).click()
  await submitLogin(page, { ...member, password })
  await expect(page).toHaveURL('/teams')
})

test('a password that is too short is not taken', async ({ memberPage: page }) => {
  await page.goto('/auth/settings')
  await submitNewPassword(page, 'short')

  await expect(page.getByLabel('New password', { exact: true })).toHaveAccessibleDescription(
    'The password must have 8 characters or more.',
  )
})
