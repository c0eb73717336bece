import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { testFolder } from '../server/support/config.ts'

const root = join(import.meta.dirname, '../..')

const program = `import { test } from 'vitest'
import { describeUnless, describeWith, testUnless, testWith } from '${join(import.meta.dirname, 'skipping.ts')}'
testUnless(undefined, 'one that can run', () => {})
testUnless('no disk', 'one that cannot', () => {})
describeUnless('no disk', 'several that cannot', () => test('x', () => {}))
testWith('no tool', 'one without its tool', () => {})
describeWith('no browser', 'several without their browser', () => test('x', () => {}))
describeWith(undefined, 'several that can', () => test('x', () => {}))
`

/** How each test of the program above ended. */
async function outcomes(CI: string): Promise<Record<string, string>> {
  const folder = testFolder({ 'vitest.config.mjs': 'export default { test: { include: ["*.test.ts"] } }' })
  writeFileSync(join(folder, 'a.test.ts'), program)
  const report = join(folder, 'report.json')
  const args = ['vitest', 'run', '--root', folder, '--reporter=json', `--outputFile=${report}`]
  await promisify(execFile)(join(root, 'node_modules/.bin', args.shift() as string), args, {
    cwd: root,
    env: { ...process.env, CI },
  }).catch(() => {})
  const { testResults } = (await import(report, { with: { type: 'json' } })).default as {
    testResults: { assertionResults: { fullName: string; status: string }[] }[]
  }
  return Object.fromEntries(
    testResults.flatMap(({ assertionResults }) => assertionResults.map(one => [one.fullName, one.status])),
  )
}

test('elsewhere each says why in its name', async () => {
  expect(await outcomes('')).toEqual({
    'one that can run': 'passed',
    'one that cannot - skipped: no disk': 'skipped',
    'several that cannot - skipped: no disk': 'skipped',
    'one without its tool - skipped: no tool': 'skipped',
    'several without their browser - skipped: no browser': 'skipped',
    'several that can x': 'passed',
  })
})

test('for the gate the absence of what it installs is a failure', async () => {
  expect(await outcomes('true')).toMatchObject({
    'one that cannot - skipped: no disk': 'skipped',
    'one without its tool': 'failed',
    'several without their browser': 'failed',
    'several that can x': 'passed',
  })
})
