import { Controller } from '@nestjs/common'
import { GrpcMethod } from '@nestjs/microservices'
import { HealthService } from './health.service'

/** Numbers of `ServingStatus` in `proto/health.proto` */
export const SERVING = 1
export const NOT_SERVING = 2

@Controller()
export class HealthGrpcController {
  constructor(private readonly service: HealthService) {}

  @GrpcMethod('Health', 'Check')
  async check(): Promise<{ status: number }> {
    const { status } = await this.service.check()
    return { status: status === 'operational' ? SERVING : NOT_SERVING }
  }
}
