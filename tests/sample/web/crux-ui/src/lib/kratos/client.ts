import { mergeCookies } from './cookies'
import { isFlow } from './flow'
import { FlowKind, KratosFlow, KratosSession } from './types'

type Fetch = typeof globalThis.fetch

export type KratosAnswer = {
  status: number
  body: unknown
}

/** Kratos cannot be reached, or is broken. */
export class KratosUnavailableError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`Kratos does not work: ${reason}`, options)
    this.name = 'KratosUnavailableError'
  }
}

/** Asked for a flow that makes no sense for somebody who is signed in. */
export class AlreadySignedInError extends Error {}

/** Asked for a flow that only somebody who is signed in can begin. */
export class NotSignedInError extends Error {}

/** For a Kratos that hangs, not for a machine that is slow. */
const TIMEOUT_MS = 30_000

/**
 * Talks to Kratos on a visitor's behalf, from the server only: with the visitor's cookies, and keeping those that
 * Kratos sets, which the answer to the visitor must carry.
 */
export class KratosClient {
  readonly setCookies: string[] = []

  constructor(
    private readonly baseUrl: string,
    private readonly cookie: string | undefined,
    private readonly fetch: Fetch = (...args) => globalThis.fetch(...args),
  ) {}

  /** The visitor's session, or null when there is none. */
  async session(): Promise<KratosSession | null> {
    if (!this.cookie) {
      return null
    }

    const { status, body } = await this.request('GET', '/sessions/whoami')
    if (status === 401 || status === 403) {
      return null
    }

    const session = expectOk<KratosSession>(status, body)
    return session.active ? session : null
  }

  /** The flow with this id if it can still be used, else a new one. Throws an AlreadySignedInError or a NotSignedInError. */
  async flow(kind: FlowKind, id?: string): Promise<KratosFlow> {
    if (id) {
      const { status, body } = await this.request('GET', `/self-service/${kind}/flows?id=${encodeURIComponent(id)}`)
      if (status === 200 && isFlow(body)) {
        return body
      }
    }

    const { status, body } = await this.request('GET', `/self-service/${kind}/browser`)
    if (status === 400 && errorId(body) === 'session_already_available') {
      throw new AlreadySignedInError()
    }
    if (status === 401) {
      throw new NotSignedInError()
    }

    const flow = expectOk<unknown>(status, body)
    if (!isFlow(flow)) {
      throw new KratosUnavailableError(`it answered something else than a ${kind} flow`)
    }
    return flow
  }

  async submit(kind: FlowKind, flowId: string, values: object): Promise<KratosAnswer> {
    const answer = await this.request('POST', `/self-service/${kind}?flow=${encodeURIComponent(flowId)}`, values)
    if (answer.status >= 500) {
      expectOk(answer.status, answer.body)
    }
    return answer
  }

  /** Ends the session, if there is one. */
  async signOut(): Promise<void> {
    const { status, body } = await this.request('GET', '/self-service/logout/browser')
    if (status === 401) {
      return
    }

    const { logout_token: token } = expectOk<{ logout_token: string }>(status, body)
    const answer = await this.request('GET', `/self-service/logout?token=${encodeURIComponent(token)}`)
    expectOk(answer.status, answer.body)
  }

  /** Why Kratos led a browser to the page for errors, if it still knows. */
  async failure(id: string): Promise<string | null> {
    const { status, body } = await this.request('GET', `/self-service/errors?id=${encodeURIComponent(id)}`)
    if (status !== 200) {
      return null
    }

    const { error } = (body ?? {}) as { error?: { reason?: string; message?: string } }
    return error?.reason ?? error?.message ?? null
  }

  private async request(method: 'GET' | 'POST', path: string, values?: object): Promise<KratosAnswer> {
    const cookie = mergeCookies(this.cookie, this.setCookies)

    let response: Response
    try {
      response = await this.fetch(`${this.baseUrl}${path}`, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          accept: 'application/json',
          ...(values && { 'content-type': 'application/json' }),
          ...(cookie && { cookie }),
        },
        ...(values && { body: JSON.stringify(values) }),
      })
    } catch (err) {
      throw new KratosUnavailableError(`${method} ${path.split('?')[0]} had no answer`, { cause: err })
    }

    this.setCookies.push(...response.headers.getSetCookie())
    return { status: response.status, body: await response.json().catch(() => null) }
  }
}

const errorId = (body: unknown): string | undefined => (body as { error?: { id?: string } } | null)?.error?.id

const expectOk = <T>(status: number, body: unknown): T => {
  if (status < 200 || status >= 300) {
    throw new KratosUnavailableError(`it answered ${status}`)
  }
  return body as T
}
