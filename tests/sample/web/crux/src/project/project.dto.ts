import { IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator'
import { Trimmed, TrimmedOptional } from '../http/validation'
import { SLUG_MAX_LENGTH, SLUG_PATTERN } from '../slug/slug'
import { SLUG_MESSAGE } from '../team/team.dto'

export class CreateProjectDto {
  @Length(3, 70, { message: 'The name must have 3 to 70 characters.' })
  @IsString({ message: 'Give the project a name.' })
  @Trimmed()
  name!: string

  /** Made of the name when it is not given */
  @Matches(SLUG_PATTERN, { message: SLUG_MESSAGE })
  @MaxLength(SLUG_MAX_LENGTH, { message: `The slug must have at most ${SLUG_MAX_LENGTH} characters.` })
  @IsString({ message: SLUG_MESSAGE })
  @IsOptional()
  @TrimmedOptional()
  slug?: string

  @MaxLength(500, { message: 'The description must have at most 500 characters.' })
  @IsString({ message: 'The description must be text.' })
  @IsOptional()
  @TrimmedOptional()
  description?: string
}

export type ProjectDto = {
  id: string
  slug: string
  name: string
  description: string | null
  createdAt: Date
  createdBy: string
}
