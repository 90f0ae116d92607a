import { applyDecorators } from '@nestjs/common'
import { Transform } from 'class-transformer'
import { IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator'
import { SLUG_MAX_LENGTH, SLUG_PATTERN } from '../slug/slug'

const SLUG_MESSAGE = 'Use lower-case letters, digits and single hyphens.'

/** Spaces around what somebody typed mean nothing. */
const Trimmed = (): PropertyDecorator => Transform(({ value }) => (typeof value === 'string' ? value.trim() : value))

/** A field that was left empty was not given. */
const TrimmedOptional = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    Transform(({ value }) => (typeof value === 'string' ? value.trim() || undefined : (value ?? undefined))),
  )

/** The name of `what`, a word that fits into "Give the … a name." */
export const NameOf = (what: string): PropertyDecorator =>
  applyDecorators(
    Trimmed(),
    IsString({ message: `Give the ${what} a name.` }),
    Length(3, 70, { message: 'The name must have 3 to 70 characters.' }),
  )

/** A slug, which is made of the name when it is not given. */
export const OptionalSlug = (): PropertyDecorator =>
  applyDecorators(
    TrimmedOptional(),
    IsString({ message: SLUG_MESSAGE }),
    MaxLength(SLUG_MAX_LENGTH, { message: `The slug must have at most ${SLUG_MAX_LENGTH} characters.` }),
    Matches(SLUG_PATTERN, { message: SLUG_MESSAGE }),
  )

export const OptionalDescription = (): PropertyDecorator =>
  applyDecorators(
    TrimmedOptional(),
    IsString({ message: 'The description must be text.' }),
    MaxLength(500, { message: 'The description must have at most 500 characters.' }),
  )
