/** @jest-environment node */
import { AlreadySignedInError, KratosClient, KratosUnavailableError } from './client'
import { mergeCookies } from './cookies'

const FLOW = { id: 'flow-1', ui: { nodes: [] } }

const answer = (status: number, body: unknown, cookies: string[] = []): Response => {
  const headers = new Headers()
  cookies.forEach(it => headers.append('set-cookie', it))
  return new Response(body === null ? null : JSON.stringify(body), { status, headers })
}

const clientWith = (fetch: jest.Mock, cookie: string | undefined = 'a=1'): KratosClient =>
  new KratosClient('http://kratos.test', cookie, fetch)

describe('KratosClient', () => {
  const fetch = jest.fn<Promise<Response>, [string, RequestInit]>()

  beforeEach(() => fetch.mockReset())

  it('knows without asking that there is no session without a cookie', async () => {
    await expect(new KratosClient('http://kratos.test', undefined, fetch as jest.Mock).session()).resolves.toBeNull()
    expect(fetch).not.toHaveBeenCalled()
  })

  it.each([401, 403])('takes %s for no session', async status => {
    fetch.mockResolvedValue(answer(status, {}))

    await expect(clientWith(fetch).session()).resolves.toBeNull()
  })

  it('does not take a broken Kratos for a missing session', async () => {
    fetch.mockResolvedValue(answer(502, null))

    await expect(clientWith(fetch).session()).rejects.toBeInstanceOf(KratosUnavailableError)
  })

  it('begins a flow, and keeps the cookies that belong to it', async () => {
    fetch.mockResolvedValue(answer(200, FLOW, ['csrf_token_x=y; Path=/; HttpOnly']))
    const client = clientWith(fetch)

    await expect(client.flow('login')).resolves.toEqual(FLOW)

    expect(fetch.mock.calls[0]?.[0]).toBe('http://kratos.test/self-service/login/browser')
    expect(client.setCookies).toEqual(['csrf_token_x=y; Path=/; HttpOnly'])
  })

  it('begins a new flow when the old one has expired', async () => {
    fetch.mockResolvedValueOnce(answer(410, {})).mockResolvedValueOnce(answer(200, FLOW))

    await expect(clientWith(fetch).flow('verification', 'old')).resolves.toEqual(FLOW)

    expect(fetch.mock.calls.map(it => it[0])).toEqual([
      'http://kratos.test/self-service/verification/flows?id=old',
      'http://kratos.test/self-service/verification/browser',
    ])
  })

  it('notices that somebody is signed in already', async () => {
    fetch.mockResolvedValue(answer(400, { error: { id: 'session_already_available' } }))

    await expect(clientWith(fetch).flow('login')).rejects.toBeInstanceOf(AlreadySignedInError)
  })

  it('tells why something failed that no form was there for', async () => {
    fetch.mockResolvedValueOnce(answer(200, { id: 'e', error: { reason: 'The link is too old.' } }))
    fetch.mockResolvedValueOnce(answer(404, { error: { message: 'gone' } }))
    fetch.mockResolvedValueOnce(answer(200, {}))

    await expect(clientWith(fetch).failure('e/1')).resolves.toBe('The link is too old.')
    await expect(clientWith(fetch).failure('e')).resolves.toBeNull()
    await expect(clientWith(fetch).failure('e')).resolves.toBeNull()
    expect(fetch.mock.calls[0]?.[0]).toBe('http://kratos.test/self-service/errors?id=e%2F1')
  })

  it('signs out with the token that Kratos gives for it', async () => {
    fetch
      .mockResolvedValueOnce(answer(200, { logout_token: 'token' }))
      .mockResolvedValueOnce(answer(204, null, ['ory_kratos_session=; Max-Age=0']))
    const client = clientWith(fetch)

    await client.signOut()

    expect(fetch.mock.calls[1]?.[0]).toBe('http://kratos.test/self-service/logout?token=token')
    expect(client.setCookies).toEqual(['ory_kratos_session=; Max-Age=0'])
  })

  it('sends the cookies of one answer with the next request', async () => {
    fetch.mockImplementation(async () => answer(200, FLOW, ['b=2; Path=/']))
    const client = clientWith(fetch)

    await client.submit('recovery', 'flow-1', { method: 'code' })
    await client.flow('settings', 'flow-2')

    expect(fetch.mock.calls[1]?.[1].headers).toMatchObject({ cookie: 'a=1; b=2' })
  })
})

describe('cookies', () => {
  it('are replaced by newer ones', () => {
    expect(mergeCookies('a=1; b=2', ['b=3; Path=/; HttpOnly', 'c=x=y'])).toBe('a=1; b=3; c=x=y')
  })

  it('may be missing', () => {
    expect(mergeCookies(undefined, [])).toBe('')
  })
})
