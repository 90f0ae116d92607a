/** Read at each request, so that one build runs anywhere. */
const address = (name: string): string => {
  const value = process.env[name]
  if (!value) {
    throw new Error(`${name} is missing: set it, or copy .env.example to .env.`)
  }
  return value.replace(/\/+$/, '')
}

export const kratosUrl = (): string => address('KRATOS_URL')

export const cruxUrl = (): string => address('CRUX_URL')
