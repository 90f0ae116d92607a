import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** This package's version. `package.json` is one folder up, both in `src` and in `dist`. */
export const version = (): string => JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')).version
