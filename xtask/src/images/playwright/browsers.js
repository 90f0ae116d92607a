#!/usr/bin/env node
// Fills PLAYWRIGHT_BROWSERS_PATH, which is empty, as the Playwright in this directory looks for its
// browsers in it: with scripts that start the distribution's Chromium.
const fs = require('node:fs')
const path = require('node:path')
const { chromium } = require(require.resolve('playwright-core', { paths: [process.cwd()] }))
// No part of what the package exports.
const { browsers } = require(path.resolve('node_modules/playwright-core/browsers.json'))

const root = process.env.PLAYWRIGHT_BROWSERS_PATH

// Root cannot have Chromium's sandbox, and nobody asked it to call home. Not by Debian's own script,
// which takes time and adds options.
const START = `#!/bin/sh
exec /usr/lib/chromium/chromium --no-sandbox --disable-background-networking --disable-component-update \\
    --disable-domain-reliability --disable-sync --no-first-run --no-pings "$@"
`

// `ROOT/NAME-REVISION`, with the mark of a complete download.
const complete = place => {
  const [directory] = path.relative(root, place).split(path.sep)
  fs.mkdirSync(path.dirname(place), { recursive: true })
  fs.writeFileSync(path.join(root, directory, 'INSTALLATION_COMPLETE'), '')
}

const browser = place => {
  complete(place)
  fs.writeFileSync(place, START, { mode: 0o755 })
}

// Where it looks without a window is no part of its API, but it says what it does not find.
const withoutWindow = async () => {
  const error = await chromium.launch({ headless: true }).then(found => found.close(), error => error)
  const [, place] = /Executable doesn't exist at (\S+)/.exec(error?.message ?? '') ?? []
  if (!place) throw new Error(`this version of Playwright does not say where it looks for Chromium: ${error?.message}`)
  return place
}

const main = async () => {
  for (const place of new Set([await withoutWindow(), chromium.executablePath()])) browser(place)
  const { revision } = browsers.find(({ name }) => name === 'ffmpeg')
  const ffmpeg = path.join(root, `ffmpeg-${revision}`, 'ffmpeg-linux')
  complete(ffmpeg)
  fs.symlinkSync('/usr/local/bin/ffmpeg', ffmpeg)
}

main().catch(error => {
  console.error(`error: ${error.message}`)
  process.exit(1)
})
