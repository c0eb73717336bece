import { defineConfig } from 'vitest/config'
import LongestFirst from './test/support/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    // What a test waits for has limits of its own; this one is for machines that do other things, too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A second is a promise of no machine that does other things, too.
    expect: { poll: { timeout: 60_000 } },
    // Tests wait more than they compute, so two files at once nearly halve the time, even on one core. Each Kafka and Pulsar
    // takes a gigabyte: not more than two.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: process.env.CI === 'true' ? ['default', './test/support/ci-reporter.ts'] : ['default'],
  },
})
