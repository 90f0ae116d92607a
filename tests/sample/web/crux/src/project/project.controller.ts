import { Body, Controller, Get, Param, Post, UseGuards } from '@nestjs/common'
import type { Identity } from '../auth/identity'
import { CurrentIdentity, SessionGuard } from '../auth/session.guard'
import { CreateProjectDto, ProjectDto } from './project.dto'
import { ProjectService } from './project.service'

@Controller('teams/:teamSlug/projects')
@UseGuards(SessionGuard)
export class ProjectController {
  constructor(private readonly service: ProjectService) {}

  @Get()
  async list(@Param('teamSlug') teamSlug: string, @CurrentIdentity() caller: Identity): Promise<ProjectDto[]> {
    return await this.service.listProjects(teamSlug, caller)
  }

  @Post()
  async create(
    @Param('teamSlug') teamSlug: string,
    @Body() request: CreateProjectDto,
    @CurrentIdentity() caller: Identity,
  ): Promise<ProjectDto> {
    return await this.service.createProject(teamSlug, request, caller)
  }
}
