import { IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator'
import { Trimmed, TrimmedOptional } from '../http/validation'
import { SLUG_MAX_LENGTH, SLUG_PATTERN } from '../slug/slug'

export const SLUG_MESSAGE = 'Use lower-case letters, digits and single hyphens.'

export class CreateTeamDto {
  @Length(3, 70, { message: 'The name must have 3 to 70 characters.' })
  @IsString({ message: 'Give the team a name.' })
  @Trimmed()
  name!: string

  /** Made of the name when it is not given */
  @Matches(SLUG_PATTERN, { message: SLUG_MESSAGE })
  @MaxLength(SLUG_MAX_LENGTH, { message: `The slug must have at most ${SLUG_MAX_LENGTH} characters.` })
  @IsString({ message: SLUG_MESSAGE })
  @IsOptional()
  @TrimmedOptional()
  slug?: string
}

export type TeamDto = {
  id: string
  slug: string
  name: string
  createdAt: Date
}

export type TeamDetailsDto = TeamDto & {
  members: { id: string; email: string }[]
}
