import { BadRequestException, ConflictException, ValidationError } from '@nestjs/common'

/** What is wrong with a request, by the field it is about, in words that a form can show beside that field. */
export type FieldErrors = Record<string, string>

export const badRequest = (errors: FieldErrors): BadRequestException =>
  new BadRequestException({ statusCode: 400, message: 'The request is not valid.', errors })

export const conflict = (errors: FieldErrors): ConflictException =>
  new ConflictException({ statusCode: 409, message: Object.values(errors).join(' '), errors })

/** The first complaint of each field is enough: the form has room for one. */
export const fromValidationErrors = (errors: ValidationError[]): BadRequestException =>
  badRequest(
    Object.fromEntries(errors.map(it => [it.property, Object.values(it.constraints ?? {})[0] ?? 'Not valid.'])),
  )
