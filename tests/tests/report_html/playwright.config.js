const { defineConfig } = require('@playwright/test')

module.exports = defineConfig({ testDir: '.', testMatch: '*.spec.js', reporter: 'list', workers: 1, timeout: 30000 })
