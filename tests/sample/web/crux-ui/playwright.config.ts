import { defineConfig, devices } from '@playwright/test'
import { CI, BASE_URL } from './e2e/support/environment'

export default defineConfig({
  testDir: './e2e',
  outputDir: './e2e_results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: CI,
  // A test that fails now and then is mended, not repeated.
  retries: 0,
  reporter: CI ? 'github' : 'list',
  // Limits for what hangs, not for machines that are slow.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  use: {
    baseURL: BASE_URL,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    video: 'retain-on-failure',
  },
  projects: [{ name: 'chromium', use: { ...devices['Desktop Chrome'], viewport: { width: 1280, height: 800 } } }],
})
