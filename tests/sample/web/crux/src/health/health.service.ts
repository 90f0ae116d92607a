import { Injectable, Logger } from '@nestjs/common'

export type HealthStatus = 'operational' | 'disrupted'

export type Health = {
  status: HealthStatus
  cruxVersion: string
  database: { status: HealthStatus }
}

/** Something that fails when the database cannot be used. */
export abstract class DatabaseProbe {
  abstract ping(): Promise<void>
}

@Injectable()
export class HealthService {
  private readonly logger = new Logger(HealthService.name)

  constructor(
    private readonly database: DatabaseProbe,
    private readonly version: string,
  ) {}

  async check(): Promise<Health> {
    const database = await this.databaseStatus()

    return { status: database, cruxVersion: this.version, database: { status: database } }
  }

  private async databaseStatus(): Promise<HealthStatus> {
    try {
      await this.database.ping()
      return 'operational'
    } catch (err) {
      // Prisma says what happened in the last of several lines.
      const reason = String(err instanceof Error ? err.message : err)
        .trim()
        .split('\n')
        .at(-1)
      this.logger.warn(`The database does not answer: ${reason}`)
      return 'disrupted'
    }
  }
}
