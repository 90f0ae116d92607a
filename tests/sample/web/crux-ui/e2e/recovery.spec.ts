import { submitCode, submitLogin, submitNewPassword } from './support/forms'
import { complaint, expect, screenshot, test } from './support/test'

test('a member who forgot the password chooses another with the code from the mail', async ({
  page,
  member,
  mailboxOf,
}) => {
  const password = `${member.password}, and to forget`

  await page.goto('/auth/login')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeVisible()
  await screenshot(page, 'form')

  await page.getByLabel('E-mail').fill(member.email)
  await page.getByRole('button', { name: 'Send code' }).click()
  await expect(page.getByRole('textbox', { name: 'Code' })).toBeFocused()
  await screenshot(page, 'code')

  await submitCode(page, await mailboxOf(member).code())
  await expect(page.getByRole('heading', { name: 'Choose a new password' })).toBeVisible()
  await screenshot(page, 'new-password')

  await submitNewPassword(page, password)
  await expect(page).toHaveURL('/teams')

  await page.getByRole('button', { name: 'Sign out' }).click()
  await submitLogin(page, member)
  await expect(complaint(page)).toHaveText('The e-mail address or the password is wrong.')
  await submitLogin(page, { ...member, password })
  await expect(page).toHaveURL('/teams')
})

test('a wrong code does not let anybody in', async ({ page, member, mailboxOf }) => {
  await page.goto('/auth/recovery')
  await page.getByLabel('E-mail').fill(member.email)
  await page.getByRole('button', { name: 'Send code' }).click()
  const code = await mailboxOf(member).code()

  await submitCode(page, code === '123456' ? '654321' : '123456')
  await expect(complaint(page)).toHaveText('This code is wrong, or was used already.')

  await page.goto('/teams')
  await expect(page).toHaveURL('/auth/login')
})

test('nobody learns here which addresses have an account', async ({ page, stranger }) => {
  await page.goto('/auth/recovery')
  await page.getByLabel('E-mail').fill(stranger.email)
  await page.getByRole('button', { name: 'Send code' }).click()

  await expect(
    page.getByText(`If there is an account for ${stranger.email}, a mail with a code is on its way.`),
  ).toBeVisible()
})
