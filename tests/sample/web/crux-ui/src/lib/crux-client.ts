import { FormErrors, formError, Result, UNREACHABLE } from './result'

export type Team = {
  id: string
  slug: string
  name: string
  createdAt: string
}

export type TeamDetails = Team & {
  members: { id: string; email: string }[]
}

export type Project = {
  id: string
  slug: string
  name: string
  description: string | null
  createdAt: string
  createdBy: string
}

export type CreateTeam = { name: string; slug?: string }

export type CreateProject = { name: string; description?: string }

/** The backend answered something other than what was asked for. */
export class CruxError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors: Record<string, string> = {},
  ) {
    super(message)
    this.name = 'CruxError'
  }
}

type Fetch = typeof globalThis.fetch

/** Calls the backend: from the server with its address and the visitor's cookie, from the browser with neither. */
export class CruxClient {
  constructor(
    private readonly baseUrl = '',
    private readonly cookie?: string,
    private readonly fetch: Fetch = (...args) => globalThis.fetch(...args),
  ) {}

  async teams(): Promise<Team[]> {
    return await this.request('GET', '/api/teams')
  }

  async team(slug: string): Promise<TeamDetails> {
    return await this.request('GET', `/api/teams/${encodeURIComponent(slug)}`)
  }

  async projects(teamSlug: string): Promise<Project[]> {
    return await this.request('GET', `/api/teams/${encodeURIComponent(teamSlug)}/projects`)
  }

  async createTeam(team: CreateTeam): Promise<Result<Team>> {
    return await submit(() => this.request('POST', '/api/teams', team))
  }

  async createProject(teamSlug: string, project: CreateProject): Promise<Result<Project>> {
    return await submit(() => this.request('POST', `/api/teams/${encodeURIComponent(teamSlug)}/projects`, project))
  }

  private async request<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const response = await this.fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...(this.cookie && { cookie: this.cookie }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })

    const answer = await response.json().catch(() => null)
    if (!response.ok) {
      throw new CruxError(response.status, answer?.message ?? `The server answered ${response.status}.`, answer?.errors)
    }
    return answer as T
  }
}

/** Turns what went wrong into what a form can show. */
const submit = async <T>(request: () => Promise<T>): Promise<Result<T>> => {
  try {
    return { ok: true, value: await request() }
  } catch (err) {
    return { ok: false, errors: toFormErrors(err) }
  }
}

const toFormErrors = (err: unknown): FormErrors => {
  if (!(err instanceof CruxError)) {
    return formError(UNREACHABLE)
  }
  if (err.status === 401) {
    return formError('You are signed out. Sign in again.')
  }
  return Object.keys(err.errors).length > 0 ? { form: [], fields: err.errors } : formError(err.message)
}
