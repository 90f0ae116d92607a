import { Module } from '@nestjs/common'
import { version } from '../version'
import { HealthController } from './health.controller'
import { HealthGrpcController } from './health.grpc.controller'
import { DatabaseProbe, HealthService } from './health.service'
import { PrismaDatabaseProbe } from './prisma-database.probe'

@Module({
  controllers: [HealthController, HealthGrpcController],
  providers: [
    { provide: DatabaseProbe, useClass: PrismaDatabaseProbe },
    {
      provide: HealthService,
      useFactory: (probe: DatabaseProbe) => new HealthService(probe, version()),
      inject: [DatabaseProbe],
    },
  ],
})
export class HealthModule {}
