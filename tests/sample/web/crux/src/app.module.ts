import { Module } from '@nestjs/common'
import { EnvironmentModule } from './config/environment.module'
import { DatabaseModule } from './database/database.module'
import { HealthModule } from './health/health.module'
import { ProjectModule } from './project/project.module'
import { TeamModule } from './team/team.module'

@Module({
  imports: [EnvironmentModule, DatabaseModule, HealthModule, TeamModule, ProjectModule],
})
export class AppModule {}
