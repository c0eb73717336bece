import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { testFolder } from '../server/support/config.ts'
import CiReporter from './ci-reporter.ts'

type State = 'passed' | 'failed' | 'skipped'

/** A file as vitest reports it: its tests, and errors of its own and of its suites. */
function file(tests: readonly (readonly [State, string])[], errors = 0, suiteErrors = 0) {
  const list = (count: number) => Array.from({ length: count }, () => ({ message: 'broken' }))
  return {
    relativeModuleId: 'test/a.test.ts',
    errors: () => list(errors),
    children: {
      allTests: () => tests.map(([state, fullName]) => ({ fullName, result: () => ({ state }) })),
      allSuites: () => [{ errors: () => list(suiteErrors) }],
    },
  }
}

const lines: string[] = []

beforeEach(() => {
  lines.splice(0)
  const log = vi.spyOn(console, 'log').mockImplementation(line => void lines.push(String(line)))
  return () => log.mockRestore()
})

function counted(modules: readonly ReturnType<typeof file>[], unhandled: readonly unknown[] = []): object {
  const summary = join(testFolder(), 'summary')
  vi.stubEnv('TEST_SUMMARY', summary)
  new CiReporter().onTestRunEnd(modules as never, unhandled)
  vi.unstubAllEnvs()
  return JSON.parse(readFileSync(summary, 'utf8')) as object
}

test('what is skipped is named with its reason, and counted', () => {
  const skipped = ['skipped', 'suite > power is cut - skipped: there is no loop device'] as const
  expect(counted([file([['passed', 'a'], skipped])])).toEqual({ passed: 1, failed: 0, skipped: 1 })
  expect(lines).toEqual([`SKIPPED test/a.test.ts: ${skipped[1]}`, '1 passed, 0 failed, 1 skipped'])
})

test('what is skipped without a reason has failed', () => {
  expect(counted([file([['skipped', 'a']])])).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(lines[0]).toBe('SKIPPED WITHOUT A REASON test/a.test.ts: a')
})

test('files that cannot be loaded, broken suites and errors outside of tests have failed', () => {
  const modules = [file([['failed', 'a']]), file([], 1), file([], 0, 1)]
  expect(counted(modules, [new Error('outside')])).toEqual({ passed: 0, failed: 4, skipped: 0 })
})
