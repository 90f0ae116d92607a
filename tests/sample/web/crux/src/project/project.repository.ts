export type Project = {
  id: string
  slug: string
  name: string
  description: string | null
  createdAt: Date
  /** The creator's e-mail address */
  createdBy: string
}

export type NewProject = {
  teamId: string
  slug: string
  name: string
  description?: string
  createdById: string
}

export class ProjectSlugTakenError extends Error {
  constructor(slug: string) {
    super(`the team has already a project with the slug ${slug}`)
    this.name = 'ProjectSlugTakenError'
  }
}

/** Where projects are kept. */
export abstract class ProjectRepository {
  /** The team's projects, by name */
  abstract findByTeam(teamId: string): Promise<Project[]>

  /** Throws a ProjectSlugTakenError. */
  abstract create(project: NewProject): Promise<Project>
}
