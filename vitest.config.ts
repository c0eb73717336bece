import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: process.env.CI === 'true' ? ['default', './test/support/ci-reporter.ts'] : ['default'],
  },
})
