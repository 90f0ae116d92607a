import nextJest from 'next/jest.js'

process.env.NEXT_TELEMETRY_DISABLED = '1'

/** @type {import('jest').Config} */
const config = {
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/src'],
  testRegex: '\\.test\\.tsx?$',
  setupFilesAfterEnv: ['@testing-library/jest-dom'],
  moduleNameMapper: { '^@/(.*)$': '<rootDir>/src/$1' },
  clearMocks: true,
  // Pages and routes are thin, and covered end to end.
  collectCoverageFrom: ['src/components/**/*.tsx', 'src/lib/**/*.ts', '!src/**/*.test.*'],
  coverageReporters: ['text-summary', 'lcov', 'json-summary'],
}

export default nextJest({ dir: './' })(config)
