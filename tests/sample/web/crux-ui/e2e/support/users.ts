import { randomBytes } from 'node:crypto'
import { APIRequest, APIRequestContext, APIResponse, BrowserContext } from '@playwright/test'
import { BASE_URL, KRATOS_ADMIN_URL, KRATOS_URL } from './environment'

export type User = {
  firstName: string
  lastName: string
  email: string
  password: string
}

/** Unlike anything else in the stack, whatever other tests and earlier runs have left there */
export const unique = (): string => randomBytes(5).toString('hex')

/** Somebody whom the stack does not know yet. */
export const newUser = (): User => {
  const id = unique()
  return {
    firstName: 'Jane',
    lastName: 'Doe',
    email: `jane.${id}@example.com`,
    password: `${id} is hard to guess`,
  }
}

const answerOf = async <T>(response: APIResponse): Promise<T> => {
  if (!response.ok()) {
    throw new Error(`${response.url()} answered ${response.status()}: ${await response.text()}`)
  }
  return (await response.json()) as T
}

/** Makes an account without the pages for it, which have tests of their own. */
export const createAccount = async (
  request: APIRequestContext,
  user: User,
  { verified = true }: { verified?: boolean } = {},
): Promise<void> => {
  const { email, firstName, lastName, password } = user
  const response = await request.post(`${KRATOS_ADMIN_URL}/admin/identities`, {
    data: {
      schema_id: 'default',
      traits: { email, name: { first: firstName, last: lastName } },
      credentials: { password: { config: { password } } },
      verifiable_addresses: [{ value: email, via: 'email', verified, status: verified ? 'completed' : 'pending' }],
    },
  })
  await answerOf(response)
}

/** Signs somebody in without the page for it, and gives the browser the cookies. */
export const signIn = async (requests: APIRequest, browser: BrowserContext, user: User): Promise<void> => {
  const request = await requests.newContext({ extraHTTPHeaders: { accept: 'application/json' } })
  try {
    const flow = await answerOf<LoginFlow>(await request.get(`${KRATOS_URL}/self-service/login/browser`))
    const response = await request.post(`${KRATOS_URL}/self-service/login?flow=${flow.id}`, {
      data: {
        method: 'password',
        identifier: user.email,
        password: user.password,
        csrf_token: flow.ui.nodes.find(it => it.attributes.name === 'csrf_token')?.attributes.value,
      },
    })
    await answerOf(response)

    // Kratos may have another host here than in the browser, but its cookies are the same.
    const { cookies } = await request.storageState()
    await browser.addCookies(cookies.map(({ name, value }) => ({ name, value, url: BASE_URL })))
  } finally {
    await request.dispose()
  }
}

type LoginFlow = {
  id: string
  ui: { nodes: { attributes: { name?: string; value?: string } }[] }
}
