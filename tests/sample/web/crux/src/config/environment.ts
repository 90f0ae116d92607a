export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** Everything that the server takes from its environment, checked once, before anything starts. */
export class Environment {
  readonly databaseUrl!: string
  /** Kratos' public address, without a slash at its end */
  readonly kratosUrl!: string
  readonly kratosAdminUrl!: string
  readonly cruxUiUrl!: string
  readonly agentAddress!: string
  readonly jwtSecret!: string
  /** 32 bytes */
  readonly encryptionKey!: Buffer
  readonly httpApiPort!: number
  readonly grpcAgentPort!: number
  /** Metrics are served only when this is set. */
  readonly metricsApiPort?: number
  readonly logLevel!: LogLevel
  readonly dnsResultOrder?: 'ipv4first' | 'verbatim'
}

export class InvalidEnvironmentError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`crux cannot start: ${problems.join('; ')}.`)
    this.name = 'InvalidEnvironmentError'
  }
}

/** Throws an InvalidEnvironmentError that names every problem at once, and never repeats the value of a secret. */
export const parseEnvironment = (variables: NodeJS.ProcessEnv): Environment => {
  const problems: string[] = []

  const optional = (name: string): string | undefined => variables[name]?.trim() || undefined

  const required = (name: string): string | undefined => {
    const value = optional(name)
    if (!value) {
      problems.push(`${name} is missing`)
    }
    return value
  }

  const url = (name: string, protocols: string[]): string => {
    const value = required(name)
    if (!value) {
      return ''
    }

    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      problems.push(`${name} must be an address that starts with ${protocols.map(it => `${it}//`).join(' or ')}`)
    }
    return value.replace(/\/+$/, '')
  }

  const port = (name: string): number | undefined => {
    const value = optional(name)
    if (value === undefined) {
      return undefined
    }

    const number = Number(value)
    if (!/^\d+$/.test(value) || number < 1 || number > 65535) {
      problems.push(`${name} must be a port between 1 and 65535`)
    }
    return number
  }

  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T | undefined => {
    const value = optional(name)
    if (value !== undefined && !allowed.includes(value as T)) {
      problems.push(`${name} must be one of ${allowed.join(', ')}`)
    }
    return value as T | undefined
  }

  const jwtSecret = required('JWT_SECRET') ?? ''
  if (jwtSecret && jwtSecret.length < 16) {
    problems.push('JWT_SECRET must have 16 characters or more')
  }

  const encryptionSecretKey = required('ENCRYPTION_SECRET_KEY') ?? ''
  if (encryptionSecretKey && !/^[A-Za-z0-9+/_-]{43}$/.test(encryptionSecretKey)) {
    problems.push('ENCRYPTION_SECRET_KEY must be 32 bytes in base64 without padding, which is 43 characters')
  }

  const environment: Environment = {
    databaseUrl: url('DATABASE_URL', ['postgresql:', 'postgres:']),
    kratosUrl: url('KRATOS_URL', ['http:', 'https:']),
    kratosAdminUrl: url('KRATOS_ADMIN_URL', ['http:', 'https:']),
    cruxUiUrl: url('CRUX_UI_URL', ['http:', 'https:']),
    agentAddress: required('CRUX_AGENT_ADDRESS') ?? '',
    jwtSecret,
    encryptionKey: Buffer.from(encryptionSecretKey, 'base64'),
    httpApiPort: port('HTTP_API_PORT') ?? 1848,
    grpcAgentPort: port('GRPC_AGENT_PORT') ?? 5000,
    metricsApiPort: port('METRICS_API_PORT'),
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    dnsResultOrder: oneOf('DNS_DEFAULT_RESULT_ORDER', ['ipv4first', 'verbatim']),
  }

  if (problems.length > 0) {
    throw new InvalidEnvironmentError(problems)
  }
  return environment
}
