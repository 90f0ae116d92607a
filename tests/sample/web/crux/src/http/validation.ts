import { ValidationPipe } from '@nestjs/common'
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
