import { CRUX_UI_URL } from './support/environment'
import { submitCode, submitRegistration } from './support/forms'
import { complaint, expect, screenshot, test } from './support/test'

test('somebody signs up with the code from the mail', async ({ page, stranger, mailboxOf }) => {
  await page.goto('/')
  await screenshot(page, 'landing')
  await page.getByRole('link', { name: 'Get started' }).click()
  await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible()
  await screenshot(page, 'form')

  await submitRegistration(page, stranger)
  await expect(page.getByText(`A mail with a code is on its way to ${stranger.email}.`)).toBeVisible()
  await screenshot(page, 'code')

  await submitCode(page, await mailboxOf(stranger).code())
  await expect(page.getByRole('heading', { name: 'Address verified' })).toBeVisible()
  await screenshot(page, 'verified')

  await page.getByRole('link', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'No teams yet' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Account of Jane Doe' })).toBeVisible()
})

test('the link in the mail brings the code with it', async ({ page, stranger, mailboxOf }) => {
  await page.goto('/auth/register')
  await submitRegistration(page, stranger)

  const link = await mailboxOf(stranger).link()
  expect(link).toContain(`${CRUX_UI_URL}/`)

  await page.goto(link)
  await expect(page.getByRole('textbox', { name: 'Code' })).toHaveValue(/^\d{6}$/)
  await screenshot(page, 'link')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'Address verified' })).toBeVisible()
})

test('a wrong code is refused, and another can be sent', async ({ page, stranger, mailboxOf }) => {
  const mailbox = mailboxOf(stranger)
  await page.goto('/auth/register')
  await submitRegistration(page, stranger)
  const first = await mailbox.code()

  await submitCode(page, first === '123456' ? '654321' : '123456')
  await expect(complaint(page)).toHaveText('This code is wrong, or was used already.')
  await screenshot(page, 'wrong-code')

  await page.getByRole('button', { name: 'Send another code' }).click()
  await page.getByRole('button', { name: 'Send code' }).click()
  await submitCode(page, await mailbox.code())
  await expect(page.getByRole('heading', { name: 'Address verified' })).toBeVisible()
})

test('what is missing is said beside each field', async ({ page }) => {
  await page.goto('/auth/register')
  await page.getByRole('button', { name: 'Sign up' }).click()

  await expect(page.getByLabel('First name')).toBeFocused()
  await expect(page.getByLabel('First name')).toHaveAccessibleDescription('Enter your first name.')
  await expect(page.getByLabel('E-mail')).toHaveAccessibleDescription('Enter an e-mail address.')
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(
    'The password must have 8 characters or more.',
  )
  await screenshot(page, 'incomplete')
})

test('an address can have one account only', async ({ page, member }) => {
  await page.goto('/auth/register')
  await submitRegistration(page, member)

  await expect(complaint(page)).toHaveText('There is an account with this address already.')
})
