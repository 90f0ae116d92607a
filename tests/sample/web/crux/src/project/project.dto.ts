import { NameOf, OptionalDescription, OptionalSlug } from '../http/fields'

export class CreateProjectDto {
  @NameOf('project')
  name!: string

  @OptionalSlug()
  slug?: string

  @OptionalDescription()
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
