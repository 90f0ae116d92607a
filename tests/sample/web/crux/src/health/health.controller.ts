import { Controller, Get, Header } from '@nestjs/common'
import { Health, HealthService } from './health.service'

@Controller('health')
export class HealthController {
  constructor(private readonly service: HealthService) {}

  /** Always 200: the server itself answers. Whether it can work is in the body. */
  @Get()
  @Header('cache-control', 'no-store')
  async get(): Promise<Health> {
    return await this.service.check()
  }
}
