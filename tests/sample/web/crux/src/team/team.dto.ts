import { NameOf, OptionalSlug } from '../http/fields'

export class CreateTeamDto {
  @NameOf('team')
  name!: string

  @OptionalSlug()
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
