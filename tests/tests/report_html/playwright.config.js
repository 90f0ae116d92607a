const { defineConfig } = require('@playwright/test')

// Limits for what hangs, not for machines that are slow.
const limits = { timeout: 300_000, expect: { timeout: 60_000 } }

module.exports = defineConfig({ testDir: '.', testMatch: '*.spec.js', reporter: 'list', workers: 1, ...limits })
