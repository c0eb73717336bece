import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** For commands that prove one promise: what the tests print, a line for each of them, and the counts as the last line. */
export default class CommandReporter implements Reporter {
  onUserConsoleLog({ content }: { readonly content: string }): void {
    process.stdout.write(content)
  }

  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    if (result.state === 'passed') console.log(`ok   ${test.name}`)
    else if (result.state === 'failed') console.log(`FAIL ${test.name}\n${result.errors.map(textOf).join('\n')}`)
    else console.log(`SKIPPED ${test.name}`)
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 }
    for (const error of unhandled) console.log(`FAIL outside of any test\n${textOf(error)}`)
    for (const module of modules) {
      const suites = [...module.children.allSuites()].flatMap(suite => suite.errors())
      for (const error of [...module.errors(), ...suites]) {
        count.failed++
        console.log(`FAIL ${module.relativeModuleId}\n${textOf(error)}`)
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed') count[state]++
        else count.skipped++
      }
    }
    if (count.skipped > 0) console.log(`${count.skipped} SKIPPED: they prove nothing here`)
    console.log(`${count.passed} passed, ${count.failed} failed`)
  }
}

function textOf(error: unknown): string {
  const { message, diff } = Object(error) as { message?: string; diff?: string }
  return [message ?? String(error), diff].filter(text => text !== undefined).join('\n')
}
