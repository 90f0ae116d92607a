import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common'
import { Identity } from '../auth/identity'
import { conflict } from '../http/problems'
import { requestedSlug } from '../slug/requested-slug'
import { CreateTeamDto, TeamDetailsDto, TeamDto } from './team.dto'
import { Team, TeamRepository, TeamSlugTakenError, TeamWithMembers } from './team.repository'

@Injectable()
export class TeamService {
  constructor(private readonly teams: TeamRepository) {}

  async listTeams(caller: Identity): Promise<TeamDto[]> {
    const teams = await this.teams.findByMember(caller.id)
    return teams.map(toDto)
  }

  async getTeam(slug: string, caller: Identity): Promise<TeamDetailsDto> {
    const team = await this.requireMembership(slug, caller)
    return { ...toDto(team), members: team.members }
  }

  async createTeam(request: CreateTeamDto, caller: Identity): Promise<TeamDto> {
    const slug = requestedSlug(request)

    try {
      return toDto(await this.teams.create({ slug, name: request.name }, caller))
    } catch (err) {
      if (err instanceof TeamSlugTakenError) {
        throw conflict({ slug: `There is already a team with the slug "${slug}".` })
      }
      throw err
    }
  }

  /** 404 when there is no such team, 403 when the caller is not a member of it. */
  async requireMembership(slug: string, caller: Identity): Promise<TeamWithMembers> {
    const team = await this.teams.findBySlug(slug)
    if (!team) {
      throw new NotFoundException(`There is no team with the slug "${slug}".`)
    }
    if (!team.members.some(it => it.id === caller.id)) {
      throw new ForbiddenException('You are not a member of this team.')
    }
    return team
  }
}

const toDto = ({ id, slug, name, createdAt }: Team): TeamDto => ({ id, slug, name, createdAt })
