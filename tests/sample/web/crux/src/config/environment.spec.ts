import { InvalidEnvironmentError, parseEnvironment } from './environment'

const VALID = {
  DATABASE_URL: 'postgresql://username:password@localhost:5432/crux?schema=public',
  KRATOS_URL: 'http://localhost:8000/kratos',
  KRATOS_ADMIN_URL: 'http://localhost:4434',
  CRUX_UI_URL: 'http://localhost:8000',
  CRUX_AGENT_ADDRESS: 'localhost:5000',
  JWT_SECRET: 'jwt-secret-token',
  ENCRYPTION_SECRET_KEY: 'c2FtcGxlLWtleS1vZi0zMi1ieXRlcy1mb3ItY3J1eCE',
}

const problemsOf = (variables: NodeJS.ProcessEnv): readonly string[] => {
  try {
    parseEnvironment(variables)
    return []
  } catch (err) {
    expect(err).toBeInstanceOf(InvalidEnvironmentError)
    return (err as InvalidEnvironmentError).problems
  }
}

describe('environment', () => {
  it('has defaults for all that is optional', () => {
    const environment = parseEnvironment(VALID)

    expect(environment).toMatchObject({ httpApiPort: 1848, grpcAgentPort: 5000, logLevel: 'info' })
    expect(environment.metricsApiPort).toBeUndefined()
  })

  it('reads ports and the log level', () => {
    const environment = parseEnvironment({
      ...VALID,
      HTTP_API_PORT: '8080',
      METRICS_API_PORT: '1956',
      LOG_LEVEL: 'warn',
    })

    expect(environment).toMatchObject({ httpApiPort: 8080, metricsApiPort: 1956, logLevel: 'warn' })
  })

  it('decodes the encryption key to 32 bytes', () => {
    expect(parseEnvironment(VALID).encryptionKey).toHaveLength(32)
  })

  it('drops slashes at the end of addresses', () => {
    expect(parseEnvironment({ ...VALID, KRATOS_URL: 'http://traefik:8000/kratos/' }).kratosUrl).toBe(
      'http://traefik:8000/kratos',
    )
  })

  it.each(Object.keys(VALID))('refuses to go on without %s', name => {
    expect(problemsOf({ ...VALID, [name]: undefined })).toEqual([`${name} is missing`])
  })

  it('takes an empty variable for a missing one', () => {
    expect(problemsOf({ ...VALID, JWT_SECRET: '  ' })).toEqual(['JWT_SECRET is missing'])
  })

  it('says everything that is wrong in one sentence, without the secrets themselves', () => {
    const variables = {
      ...VALID,
      DATABASE_URL: undefined,
      JWT_SECRET: 'short',
      ENCRYPTION_SECRET_KEY: 'bm90LWVub3VnaA',
    }

    expect(() => parseEnvironment(variables)).toThrow(
      'crux cannot start: JWT_SECRET must have 16 characters or more; ENCRYPTION_SECRET_KEY must be 32 bytes in ' +
        'base64 without padding, which is 43 characters; DATABASE_URL is missing.',
    )
  })

  it.each([
    ['DATABASE_URL', 'mysql://localhost/crux'],
    ['KRATOS_URL', 'kratos:4433'],
    ['HTTP_API_PORT', '70000'],
    ['GRPC_AGENT_PORT', '5000/tcp'],
    ['LOG_LEVEL', 'loud'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ ...VALID, [name]: value })).toEqual([expect.stringContaining(`${name} must be`)])
  })
})
