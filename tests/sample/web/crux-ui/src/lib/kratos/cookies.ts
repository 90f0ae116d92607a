/** A request's cookies after the given `Set-Cookie` lines: what the browser would send next. */
export const mergeCookies = (cookie: string | undefined, setCookies: string[]): string => {
  const jar = new Map<string, string>()

  const put = (pair: string): void => {
    const [name, ...value] = pair.split('=')
    if (name?.trim()) {
      jar.set(name.trim(), value.join('=').trim())
    }
  }

  cookie?.split(';').forEach(put)
  setCookies.map(it => it.split(';')[0] ?? '').forEach(put)

  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}
