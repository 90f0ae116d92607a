import { Injectable } from '@nestjs/common'
import { PrismaService } from '../database/prisma.service'
import { DatabaseProbe } from './health.service'

@Injectable()
export class PrismaDatabaseProbe extends DatabaseProbe {
  constructor(private readonly prisma: PrismaService) {
    super()
  }

  async ping(): Promise<void> {
    await this.prisma.$queryRaw`SELECT 1`
  }
}
