import { Identity } from '../auth/identity'

export type Team = {
  id: string
  slug: string
  name: string
  createdAt: Date
}

export type TeamWithMembers = Team & {
  members: Identity[]
}

export class TeamSlugTakenError extends Error {
  constructor(slug: string) {
    super(`there is already a team with the slug ${slug}`)
    this.name = 'TeamSlugTakenError'
  }
}

/** Where teams are kept. */
export abstract class TeamRepository {
  /** The teams that the user is a member of, by name */
  abstract findByMember(userId: string): Promise<Team[]>

  abstract findBySlug(slug: string): Promise<TeamWithMembers | null>

  /** Throws a TeamSlugTakenError; makes the creator, whom it may see for the first time, the first member. */
  abstract create(team: { slug: string; name: string }, creator: Identity): Promise<Team>
}
