import { ValidationPipe } from '@nestjs/common'
import { Transform } from 'class-transformer'
import { fromValidationErrors } from './problems'

/** Turns bodies into instances of their classes, and refuses those that do not fit or say more than was asked. */
export const validationPipe = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
    exceptionFactory: fromValidationErrors,
  })

/** Spaces around what somebody typed mean nothing; a field that was left empty was not given. */
export const Trimmed = (): PropertyDecorator =>
  Transform(({ value }) => (typeof value === 'string' ? value.trim() : value))

export const TrimmedOptional = (): PropertyDecorator =>
  Transform(({ value }) => (typeof value === 'string' ? value.trim() || undefined : (value ?? undefined)))
