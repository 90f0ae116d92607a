/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/src'],
  testRegex: '\\.spec\\.ts$',
  setupFiles: ['reflect-metadata'],
  // Types are checked by `npm run build` and `npm run lint`; the tests only need to run.
  transform: { '^.+\\.ts$': ['ts-jest', { diagnostics: false }] },
  clearMocks: true,
  // What needs a running server or database is covered end to end, not here.
  collectCoverageFrom: ['src/**/*.ts', '!src/**/*.module.ts', '!src/**/prisma*.ts', '!src/main.ts', '!src/metrics/**'],
  coverageReporters: ['text-summary', 'lcov', 'json-summary'],
}
