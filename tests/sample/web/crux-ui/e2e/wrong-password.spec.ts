import { submitLogin } from './support/forms'
import { complaint, expect, screenshot, test } from './support/test'

const REFUSAL = 'The e-mail address or the password is wrong.'

test('a wrong password is refused', async ({ page, member }) => {
  await page.goto('/auth/login')
  await submitLogin(page, { ...member, password: `not ${member.password}` })

  await expect(complaint(page)).toHaveText(REFUSAL)
  await expect(page.getByLabel('E-mail')).toHaveValue(member.email)
  await screenshot(page, 'refused')

  await page.goto('/teams')
  await expect(page).toHaveURL('/auth/login')
})

test('after a wrong password the right one still works', async ({ page, member }) => {
  await page.goto('/auth/login')
  await submitLogin(page, { ...member, password: `not ${member.password}` })
  await expect(complaint(page)).toHaveText(REFUSAL)

  await submitLogin(page, member)
  await expect(page).toHaveURL('/teams')
})

test('an unknown address is refused in the same words', async ({ page, stranger }) => {
  await page.goto('/auth/login')
  await submitLogin(page, stranger)

  await expect(complaint(page)).toHaveText(REFUSAL)
})
