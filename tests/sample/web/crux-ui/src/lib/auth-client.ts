import { formError, FormErrors, Result, UNREACHABLE } from './result'

export type AuthAction = 'login' | 'register' | 'verify' | 'recovery' | 'password' | 'logout'

export type PostAuth = <T>(action: AuthAction, values?: object) => Promise<Result<T>>

/** Submits a form to this site's own server, which hands it on to Kratos. */
export const postAuth: PostAuth = async <T>(action: AuthAction, values: object = {}): Promise<Result<T>> => {
  try {
    const response = await globalThis.fetch(`/api/auth/${action}`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(values),
    })
    const body = await response.json()

    return response.ok ? { ok: true, value: body as T } : { ok: false, errors: (body as { errors: FormErrors }).errors }
  } catch {
    return { ok: false, errors: formError(UNREACHABLE) }
  }
}
