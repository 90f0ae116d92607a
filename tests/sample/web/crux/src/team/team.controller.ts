import { Body, Controller, Get, Param, Post, UseGuards } from '@nestjs/common'
import type { Identity } from '../auth/identity'
import { CurrentIdentity, SessionGuard } from '../auth/session.guard'
import { CreateTeamDto, TeamDetailsDto, TeamDto } from './team.dto'
import { TeamService } from './team.service'

@Controller('teams')
@UseGuards(SessionGuard)
export class TeamController {
  constructor(private readonly service: TeamService) {}

  @Get()
  async list(@CurrentIdentity() caller: Identity): Promise<TeamDto[]> {
    return await this.service.listTeams(caller)
  }

  @Get(':teamSlug')
  async get(@Param('teamSlug') slug: string, @CurrentIdentity() caller: Identity): Promise<TeamDetailsDto> {
    return await this.service.getTeam(slug, caller)
  }

  @Post()
  async create(@Body() request: CreateTeamDto, @CurrentIdentity() caller: Identity): Promise<TeamDto> {
    return await this.service.createTeam(request, caller)
  }
}
