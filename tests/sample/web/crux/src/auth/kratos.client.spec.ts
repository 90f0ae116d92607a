import { Environment } from '../config/environment'
import { KratosClient, KratosUnavailableError } from './kratos.client'
import { Logger } from '@nestjs/common'

const ID = '5f0c5e4e-6c70-4a55-9b1c-0f6c6ec5a1d3'

const clientWith = (fetch: jest.Mock): KratosClient =>
  new KratosClient({ kratosUrl: 'http://kratos.test/kratos' } as Environment, fetch)

const answering = (status: number, body: unknown): jest.Mock =>
  jest.fn(async () => new Response(JSON.stringify(body), { status }))

describe('KratosClient', () => {
  beforeAll(() => Logger.overrideLogger(false))

  it('hands the cookie to whoami and gives the identity', async () => {
    const fetch = answering(200, { active: true, identity: { id: ID, traits: { email: 'jane@example.com' } } })

    const identity = await clientWith(fetch).whoami('ory_kratos_session=abc')

    expect(identity).toEqual({ id: ID, email: 'jane@example.com' })
    expect(fetch).toHaveBeenCalledWith(
      'http://kratos.test/kratos/sessions/whoami',
      expect.objectContaining({ headers: { accept: 'application/json', cookie: 'ory_kratos_session=abc' } }),
    )
  })

  it.each([401, 403])('takes %s for no session', async status => {
    await expect(clientWith(answering(status, { error: {} })).whoami('a=b')).resolves.toBeNull()
  })

  it('does not accept a session that is no longer active', async () => {
    const fetch = answering(200, { active: false, identity: { id: ID, traits: {} } })

    await expect(clientWith(fetch).whoami('a=b')).resolves.toBeNull()
  })

  it('does not accept an answer that is not JSON', async () => {
    const fetch = jest.fn(async () => new Response('<html>', { status: 200 }))

    await expect(clientWith(fetch).whoami('a=b')).resolves.toBeNull()
  })

  it('tells a broken Kratos from a missing session', async () => {
    await expect(clientWith(answering(502, {})).whoami('a=b')).rejects.toThrow(
      'Kratos could not be asked for the session: it answered 502',
    )
  })

  it('tells an unreachable Kratos from a missing session', async () => {
    const fetch = jest.fn().mockRejectedValue(new TypeError('fetch failed'))

    await expect(clientWith(fetch).whoami('a=b')).rejects.toBeInstanceOf(KratosUnavailableError)
  })
})
