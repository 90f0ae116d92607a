import { Page } from '@playwright/test'
import { User } from './users'

export const submitLogin = async (page: Page, { email, password }: { email: string; password: string }) => {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export const submitRegistration = async (page: Page, user: User) => {
  await page.getByLabel('First name').fill(user.firstName)
  await page.getByLabel('Last name').fill(user.lastName)
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password', { exact: true }).fill(user.password)
  await page.getByRole('button', { name: 'Sign up' }).click()
}

export const submitCode = async (page: Page, code: string) => {
  await page.getByRole('textbox', { name: 'Code' }).fill(code)
  await page.getByRole('button', { name: 'Continue' }).click()
}

export const submitNewPassword = async (page: Page, password: string) => {
  await page.getByLabel('New password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Set password' }).click()
}

/** Without a slug the team gets one of its name, which another team may have already. */
export const createTeam = async (page: Page, { name, slug = '' }: { name: string; slug?: string }) => {
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('textbox', { name: 'Slug' }).fill(slug)
  await page.getByRole('button', { name: 'Create team' }).click()
}

export const createProject = async (page: Page, { name, description = '' }: { name: string; description?: string }) => {
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('textbox', { name: 'Description' }).fill(description)
  await page.getByRole('button', { name: 'Create project' }).click()
}
