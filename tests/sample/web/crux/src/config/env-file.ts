import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** Reads `.env` of the working directory if there is one. What the environment already has wins. */
export const loadEnvFile = (): void => {
  const path = resolve('.env')
  if (existsSync(path)) {
    process.loadEnvFile(path)
  }
}
