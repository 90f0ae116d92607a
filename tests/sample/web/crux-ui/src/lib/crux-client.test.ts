import { CruxClient, CruxError } from './crux-client'

const answering = (status: number, body: unknown): jest.Mock =>
  jest.fn(async () => ({ ok: status < 400, status, json: async () => body }))

describe('CruxClient', () => {
  it("asks with the visitor's cookie on the server", async () => {
    const fetch = answering(200, [])

    await new CruxClient('http://crux.test', 'session=abc', fetch).teams()

    expect(fetch).toHaveBeenCalledWith('http://crux.test/api/teams', {
      method: 'GET',
      headers: { accept: 'application/json', cookie: 'session=abc' },
    })
  })

  it('asks the same site, and sets no cookie, in the browser', async () => {
    const fetch = answering(200, { slug: 'platform' })

    await new CruxClient('', undefined, fetch).team('platform')

    expect(fetch).toHaveBeenCalledWith('/api/teams/platform', {
      method: 'GET',
      headers: { accept: 'application/json' },
    })
  })

  it('does not let a slug change the path', async () => {
    const fetch = answering(200, [])

    await new CruxClient('', undefined, fetch).projects('../x')

    expect(fetch.mock.calls[0][0]).toBe('/api/teams/..%2Fx/projects')
  })

  it('sends JSON', async () => {
    const fetch = answering(201, { slug: 'platform' })

    const result = await new CruxClient('', undefined, fetch).createTeam({ name: 'Platform' })

    expect(result).toEqual({ ok: true, value: { slug: 'platform' } })
    expect(fetch).toHaveBeenCalledWith(
      '/api/teams',
      expect.objectContaining({
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: '{"name":"Platform"}',
      }),
    )
  })

  it('throws what the server says when something cannot be read', async () => {
    const fetch = answering(403, { message: 'You are not a member of this team.' })

    const err = await new CruxClient('', undefined, fetch).team('platform').catch(it => it)

    expect(err).toBeInstanceOf(CruxError)
    expect(err).toMatchObject({ status: 403, message: 'You are not a member of this team.' })
  })

  it('gives the errors of the fields', async () => {
    const fetch = answering(409, { message: 'Taken.', errors: { slug: 'Taken.' } })

    await expect(new CruxClient('', undefined, fetch).createTeam({ name: 'Platform' })).resolves.toEqual({
      ok: false,
      errors: { form: [], fields: { slug: 'Taken.' } },
    })
  })

  it('asks to sign in again when the session has ended meanwhile', async () => {
    const fetch = answering(401, { message: 'Sign in first.' })

    await expect(new CruxClient('', undefined, fetch).createProject('a', { name: 'Billing' })).resolves.toEqual({
      ok: false,
      errors: { form: ['You are signed out. Sign in again.'], fields: {} },
    })
  })

  it('says so when the server cannot be reached', async () => {
    const fetch = jest.fn().mockRejectedValue(new TypeError('fetch failed'))

    const result = await new CruxClient('', undefined, fetch).createTeam({ name: 'Platform' })

    expect(result).toMatchObject({ ok: false, errors: { form: [expect.stringContaining('does not answer')] } })
  })

  it('survives an answer that is not JSON', async () => {
    const fetch = jest.fn(async () => ({
      ok: false,
      status: 502,
      json: async () => {
        throw new SyntaxError('<html>')
      },
    })) as unknown as jest.Mock

    await expect(new CruxClient('', undefined, fetch).teams()).rejects.toThrow('The server answered 502.')
  })
})
