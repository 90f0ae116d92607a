import { Identity } from '../src/auth/identity'
import { Team, TeamRepository, TeamSlugTakenError, TeamWithMembers } from '../src/team/team.repository'

/** Keeps teams in a list, by the same rules as the database. */
export class InMemoryTeamRepository extends TeamRepository {
  private readonly teams: TeamWithMembers[] = []

  async findByMember(userId: string): Promise<Team[]> {
    return this.teams
      .filter(it => it.members.some(member => member.id === userId))
      .sort((one, other) => one.name.localeCompare(other.name))
  }

  async findBySlug(slug: string): Promise<TeamWithMembers | null> {
    return this.teams.find(it => it.slug === slug) ?? null
  }

  async create({ slug, name }: { slug: string; name: string }, creator: Identity): Promise<Team> {
    if (await this.findBySlug(slug)) {
      throw new TeamSlugTakenError(slug)
    }

    const team = { id: `team-${this.teams.length + 1}`, slug, name, createdAt: new Date(0), members: [creator] }
    this.teams.push(team)
    return team
  }
}
