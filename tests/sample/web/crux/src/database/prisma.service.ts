import { Injectable, OnModuleDestroy } from '@nestjs/common'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import { Environment } from '../config/environment'

/** Connects with the first query: the server starts, and says that it is disrupted, without a database too. */
@Injectable()
export class PrismaService extends PrismaClient implements OnModuleDestroy {
  constructor(environment: Environment) {
    const { databaseUrl } = environment

    super({
      adapter: new PrismaPg(
        { connectionString: databaseUrl, connectionTimeoutMillis: 3000 },
        { schema: new URL(databaseUrl).searchParams.get('schema') ?? undefined },
      ),
    })
  }

  async onModuleDestroy(): Promise<void> {
    await this.$disconnect()
  }
}
