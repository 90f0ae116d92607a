import { Inject, Injectable, Logger } from '@nestjs/common'
import { Environment } from '../config/environment'
import { Identity } from './identity'

export const FETCH = Symbol('fetch')

/** Kratos did not answer, or not in a way that says whether there is a session. */
export class KratosUnavailableError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`Kratos could not be asked for the session: ${reason}`, options)
    this.name = 'KratosUnavailableError'
  }
}

type KratosSession = {
  active?: boolean
  identity?: { id: string; traits?: { email?: string } }
}

/** For a Kratos that hangs, not for a machine that is slow. */
const TIMEOUT_MS = 30_000

@Injectable()
export class KratosClient {
  private readonly logger = new Logger(KratosClient.name)

  constructor(
    private readonly environment: Environment,
    @Inject(FETCH) private readonly fetch: typeof globalThis.fetch,
  ) {}

  /** The identity that the cookie belongs to, or null if it belongs to no active session. */
  async whoami(cookie: string): Promise<Identity | null> {
    const response = await this.get('/sessions/whoami', cookie)

    // 403 means that the session asks for a second factor that was not given yet.
    if (response.status === 401 || response.status === 403) {
      return null
    }
    if (!response.ok) {
      throw new KratosUnavailableError(`it answered ${response.status}`)
    }

    const session = (await response.json().catch(() => null)) as KratosSession | null
    if (!session?.active || !session.identity) {
      return null
    }

    return { id: session.identity.id, email: session.identity.traits?.email ?? '' }
  }

  private async get(path: string, cookie: string): Promise<Response> {
    const url = `${this.environment.kratosUrl}${path}`
    try {
      return await this.fetch(url, {
        headers: { accept: 'application/json', cookie },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (err) {
      this.logger.error(`GET ${url} failed: ${err}`)
      throw new KratosUnavailableError('it does not answer', { cause: err })
    }
  }
}
