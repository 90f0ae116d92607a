import { LogLevel as NestLogLevel } from '@nestjs/common'
import { LOG_LEVELS, LogLevel } from './environment'

const NEST_NAMES: Record<LogLevel, NestLogLevel> = {
  trace: 'verbose',
  debug: 'debug',
  info: 'log',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
}

/** The given level and all that are more severe, in NestJS' words. */
export const nestLogLevels = (level: LogLevel): NestLogLevel[] =>
  LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)).map(it => NEST_NAMES[it])
