import { Module } from '@nestjs/common'
import { AuthModule } from '../auth/auth.module'
import { TeamModule } from '../team/team.module'
import { PrismaProjectRepository } from './prisma-project.repository'
import { ProjectController } from './project.controller'
import { ProjectRepository } from './project.repository'
import { ProjectService } from './project.service'

@Module({
  imports: [AuthModule, TeamModule],
  controllers: [ProjectController],
  providers: [ProjectService, { provide: ProjectRepository, useClass: PrismaProjectRepository }],
})
export class ProjectModule {}
