import { Module } from '@nestjs/common'
import { AuthModule } from '../auth/auth.module'
import { PrismaTeamRepository } from './prisma-team.repository'
import { TeamController } from './team.controller'
import { TeamRepository } from './team.repository'
import { TeamService } from './team.service'

@Module({
  imports: [AuthModule],
  controllers: [TeamController],
  providers: [TeamService, { provide: TeamRepository, useClass: PrismaTeamRepository }],
  exports: [TeamService],
})
export class TeamModule {}
