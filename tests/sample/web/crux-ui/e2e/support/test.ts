import { basename } from 'node:path'
import { Locator, Page, test as base } from '@playwright/test'
import { Mailbox } from './mailbox'
import { createAccount, newUser, signIn, User } from './users'

type Fixtures = {
  /** Somebody without an account */
  stranger: User
  /** Somebody with an account and a verified address, who is not signed in */
  member: User
  /** A page on which that member is signed in */
  memberPage: Page
  /** What the stranger, the member or anybody else gets by mail */
  mailboxOf: (user: User) => Mailbox
}

export const test = base.extend<Fixtures>({
  stranger: async ({}, use) => use(newUser()),

  member: async ({ request }, use) => {
    const user = newUser()
    await createAccount(request, user)
    await use(user)
  },

  memberPage: async ({ playwright, context, member, page }, use) => {
    await signIn(playwright.request, context, member)
    await use(page)
  },

  mailboxOf: async ({ request }, use) => use(user => new Mailbox(request, user.email)),
})

export { expect } from '@playwright/test'

/** A picture of the whole page, for people to look at; named after the spec and what it shows. */
export const screenshot = async (page: Page, what: string): Promise<void> => {
  const spec = basename(test.info().file, '.spec.ts')
  await page.screenshot({ path: `e2e/screenshots/${spec}-${what}.png`, fullPage: true, animations: 'disabled' })
}

/** The complaint above a form; Next.js announces pages with an empty alert of its own. */
export const complaint = (page: Page): Locator => page.getByRole('main').getByRole('alert')
