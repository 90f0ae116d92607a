import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { defineConfig } from 'prisma/config'

// `prisma generate` downloads a query engine, which this client never loads, unless it is told of a file that exists.
process.env.PRISMA_QUERY_ENGINE_LIBRARY ??= __filename
process.env.CHECKPOINT_DISABLE ??= '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'

// The JavaScript engine guards its migration lock with a timer of ten seconds and never clears it (Prisma 6.19), so that
// every `migrate deploy` would take that long to exit. Unreferenced, the timer still works while a lock is waited for.
const startTimer = globalThis.setTimeout
globalThis.setTimeout = Object.assign((...args: Parameters<typeof startTimer>) => {
  const timer = startTimer(...args)
  return args[1] === 10_000 ? timer.unref() : timer
}, startTimer)

// With a configuration file Prisma no longer reads `.env` itself. What the environment already has wins.
const envFile = join(__dirname, '..', '.env')
if (existsSync(envFile)) {
  process.loadEnvFile(envFile)
}

export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  engine: 'js',
  experimental: { adapter: true },
  adapter: async () => {
    const connectionString = process.env.DATABASE_URL
    if (!connectionString) {
      throw new Error('DATABASE_URL is missing: set it, or copy .env.example to .env.')
    }

    // Without `allowExitOnIdle` the pool, too, would hold up the exit for ten seconds.
    return new PrismaPg(
      { connectionString, allowExitOnIdle: true, connectionTimeoutMillis: 5000 },
      { schema: new URL(connectionString).searchParams.get('schema') ?? undefined },
    )
  },
})
