import { Injectable } from '@nestjs/common'
import { isUniqueViolation } from '../database/prisma-errors'
import { PrismaService } from '../database/prisma.service'
import { NewProject, Project, ProjectRepository, ProjectSlugTakenError } from './project.repository'

const WITH_CREATOR = { createdBy: { select: { email: true } } } as const

@Injectable()
export class PrismaProjectRepository extends ProjectRepository {
  constructor(private readonly prisma: PrismaService) {
    super()
  }

  async findByTeam(teamId: string): Promise<Project[]> {
    const projects = await this.prisma.project.findMany({
      where: { teamId },
      include: WITH_CREATOR,
      orderBy: [{ name: 'asc' }, { slug: 'asc' }],
    })
    return projects.map(({ createdBy, ...rest }) => ({ ...rest, createdBy: createdBy.email }))
  }

  async create(project: NewProject): Promise<Project> {
    try {
      const { createdBy, ...rest } = await this.prisma.project.create({ data: project, include: WITH_CREATOR })
      return { ...rest, createdBy: createdBy.email }
    } catch (err) {
      throw isUniqueViolation(err) ? new ProjectSlugTakenError(project.slug) : err
    }
  }
}
