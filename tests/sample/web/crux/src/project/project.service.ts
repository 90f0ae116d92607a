import { Injectable } from '@nestjs/common'
import { Identity } from '../auth/identity'
import { conflict } from '../http/problems'
import { requestedSlug } from '../slug/requested-slug'
import { TeamService } from '../team/team.service'
import { CreateProjectDto, ProjectDto } from './project.dto'
import { Project, ProjectRepository, ProjectSlugTakenError } from './project.repository'

@Injectable()
export class ProjectService {
  constructor(
    private readonly teams: TeamService,
    private readonly projects: ProjectRepository,
  ) {}

  async listProjects(teamSlug: string, caller: Identity): Promise<ProjectDto[]> {
    const team = await this.teams.requireMembership(teamSlug, caller)

    const projects = await this.projects.findByTeam(team.id)
    return projects.map(toDto)
  }

  async createProject(teamSlug: string, request: CreateProjectDto, caller: Identity): Promise<ProjectDto> {
    const team = await this.teams.requireMembership(teamSlug, caller)

    const { name, description } = request
    const slug = requestedSlug(request)

    try {
      return toDto(await this.projects.create({ teamId: team.id, slug, name, description, createdById: caller.id }))
    } catch (err) {
      if (err instanceof ProjectSlugTakenError) {
        throw conflict({ slug: `The team has already a project with the slug "${slug}".` })
      }
      throw err
    }
  }
}

const toDto = ({ id, slug, name, description, createdAt, createdBy }: Project): ProjectDto => ({
  id,
  slug,
  name,
  description,
  createdAt,
  createdBy,
})
