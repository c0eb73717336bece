import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Counts for the gate: tests, files that could not be loaded and errors outside of any test. Names every skipped test;
 * one whose name does not say why has failed. Writes `{ passed, failed, skipped }` to the file that TEST_SUMMARY names.
 */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 }
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') count.passed += 1
        else if (result.state === 'failed') count.failed += 1
        else {
          const named = / - skipped: ./.test(test.fullName)
          count[named ? 'skipped' : 'failed'] += 1
          console.log(`SKIPPED${named ? '' : ' WITHOUT A REASON'} ${module.relativeModuleId}: ${test.fullName}`)
        }
      }
    }
    // A suite whose hook failed skips its tests: they have not passed, so they must not look as if nothing were wrong.
    for (const module of modules) {
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1
    }
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
    const file = process.env.TEST_SUMMARY
    if (file !== undefined) writeFileSync(file, JSON.stringify(count satisfies Summary))
  }
}
