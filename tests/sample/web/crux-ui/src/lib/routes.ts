export const ROUTES = {
  home: '/',
  login: '/auth/login',
  register: '/auth/register',
  verify: '/auth/verify',
  recovery: '/auth/recovery',
  settings: '/auth/settings',
  teams: '/teams',
  team: (slug: string): string => `/teams/${encodeURIComponent(slug)}`,
} as const

/**
 * Where to go after signing in. Only a path of this site will do: an address that somebody put into a link
 * (`//elsewhere.example`, `https://…`, `/\elsewhere.example`) must not lead away.
 */
export const safeReturnTo = (value: string | string[] | undefined): string => {
  const path = Array.isArray(value) ? value[0] : value
  const harmless = path && /^\/(?![/\\])/.test(path) && !/[\u0000-\u001f\\]/.test(path)
  return harmless ? path : ROUTES.teams
}

/** The sign-in page, which leads back to where somebody wanted to go. */
export const loginUrl = (returnTo?: string): string => {
  const path = safeReturnTo(returnTo)
  return path === ROUTES.teams ? ROUTES.login : `${ROUTES.login}?returnTo=${encodeURIComponent(path)}`
}

export const verifyUrl = (flow?: string, email?: string): string => {
  const query = new URLSearchParams({ ...(flow && { flow }), ...(email && { email }) }).toString()
  return query ? `${ROUTES.verify}?${query}` : ROUTES.verify
}
