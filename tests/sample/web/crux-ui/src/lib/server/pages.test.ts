/** @jest-environment node */
import type { GetServerSidePropsContext } from 'next'
import { flowPage, guarded } from './pages'

const SESSION = { active: true, identity: { id: '1', traits: { email: 'jane@example.com' } } }

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status })

const context = (cookie: string | undefined, more: object = {}): GetServerSidePropsContext =>
  ({
    req: { headers: { cookie } },
    res: { setHeader: jest.fn() },
    query: {},
    resolvedUrl: '/teams/platform',
    ...more,
  }) as unknown as GetServerSidePropsContext

describe('a guarded page', () => {
  const fetch = jest.fn<Promise<Response>, [string]>()
  const page = guarded(async crux => ({ team: await crux.team('platform') }))

  const answer = (kratos: Response, crux?: Response): void => {
    fetch.mockImplementation(async url => (url.startsWith('http://kratos.test') ? kratos : (crux as Response)))
  }

  beforeEach(() => {
    jest.replaceProperty(process, 'env', {
      ...process.env,
      KRATOS_URL: 'http://kratos.test/',
      CRUX_URL: 'http://crux.test',
    })
    jest.spyOn(globalThis, 'fetch').mockImplementation(fetch as never)
  })

  afterEach(() => jest.restoreAllMocks())

  it('leads a visitor without a session to the sign-in page, and back afterwards', async () => {
    await expect(page(context(undefined))).resolves.toEqual({
      redirect: { destination: '/auth/login?returnTo=%2Fteams%2Fplatform', permanent: false },
    })
  })

  it('does the same when the session has ended', async () => {
    answer(json(401, {}))

    await expect(page(context('a=1'))).resolves.toHaveProperty('redirect')
  })

  it('does the same when only the backend says that the session has ended', async () => {
    answer(json(200, SESSION), json(401, {}))

    await expect(page(context('a=1'))).resolves.toHaveProperty('redirect')
  })

  it('is loaded for a visitor with a session', async () => {
    answer(json(200, SESSION), json(200, { slug: 'platform' }))

    await expect(page(context('a=1'))).resolves.toEqual({
      props: { team: { slug: 'platform' }, viewer: { email: 'jane@example.com', name: 'jane@example.com' } },
    })
  })

  it.each([403, 404])('is not found when the backend answers %s', async status => {
    answer(json(200, SESSION), json(status, { message: 'no' }))

    await expect(page(context('a=1'))).resolves.toEqual({ notFound: true })
  })

  it('fails when Kratos does, instead of asking to sign in', async () => {
    answer(json(502, {}))

    await expect(page(context('a=1'))).rejects.toThrow('Kratos does not work: it answered 502')
  })

  it('leads a visitor to the sign-in page who asks for a form that needs a session', async () => {
    answer(json(401, {}))

    await expect(flowPage('settings')(context('a=1', { resolvedUrl: '/auth/settings' }))).resolves.toEqual({
      redirect: { destination: '/auth/login?returnTo=%2Fauth%2Fsettings', permanent: false },
    })
  })

  it('sends a visitor who is signed in already from the sign-in page to where they wanted to go', async () => {
    answer(json(400, { error: { id: 'session_already_available' } }))

    await expect(flowPage('login')(context('a=1', { query: { returnTo: '/teams/games' } }))).resolves.toEqual({
      redirect: { destination: '/teams/games', permanent: false },
    })
  })
})
