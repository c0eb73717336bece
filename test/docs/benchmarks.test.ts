import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { missingBrowser } from '../dashboard/browser.ts'
import { compileBench } from '../support/bench.ts'
import { build } from '../support/build.ts'
import { missingKafka } from '../support/services/kafka.ts'
import { missingPulsar } from '../support/services/pulsar/start-pulsar.ts'
import { describeUnless, noProc, testWith } from '../support/skipping.ts'
import { commandsOf, snippetWith } from './snippets.ts'

const root = join(import.meta.dirname, '../..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
const commands = (script: string) => commandsOf(snippetWith('docs/reference/performance.md', 'sh', script))

/** What a command of performance.md prints, with options after its own: of two of a name the last counts. */
async function run(command: string, least: string): Promise<string> {
  const [, variables = '', script = '', options = ''] = /^(.*?)npm run (\S+) -- (.*)$/.exec(command) ?? []
  // What comes before it in the script, the builds, is done.
  const [, program = ''] =
    /^npm run build && tsc -p bench\/tsconfig.json && (node \S+)$/.exec(scripts[script] ?? '') ?? []
  expect(program, script).not.toBe('')
  const { stdout } = await promisify(execFile)('sh', ['-c', `${variables} exec ${program} ${options} ${least}`], {
    cwd: root,
    timeout: 110_000,
  })
  return stdout
}

/** The cells of the tables' rows, by the first. */
function rowsOf(printed: string): Map<string, string[]> {
  const rows = printed.split('\n').filter(line => line.startsWith('| '))
  return new Map(rows.map(row => row.slice(2, -2).split(' | ')).map(([name = '', ...cells]) => [name, cells]))
}

describeUnless(noProc, 'a command of performance.md that takes minutes, with as little as shows that it works', () => {
  beforeAll(build)
  beforeAll(compileBench)

  testWith(missingBrowser, 'bench:pages asks for each list, and scrolls', async () => {
    const least = '--clients 50 --filters 2 --topics 2000 --rounds 1 --frames 20'
    const [tree = '', flat = ''] = commands('bench:pages')
    const seen = [await run(tree, least), await run(flat, least)]
    for (const rows of seen.map(rowsOf)) {
      // Rows and count: the crowd and the client that measures how late a message comes.
      expect(rows.get('/clients?')?.slice(-2)).toEqual(['51', '51'])
      for (const list of ['sessions', 'subscriptions', 'topics', 'retained'])
        expect([...rows.keys()].some(page => page.startsWith(`/${list}?`))).toBe(true)
    }
    const scrolled = seen
      .map(rowsOf)
      .map(rows => ['clients', 'subscriptions', 'retained'].filter(list => rows.has(list)))
    expect(scrolled).toEqual([['clients', 'subscriptions', 'retained'], []])
  })

  testWith(
    missingBrowser,
    'bench:dashboard publishes while nobody looks, readers, and a browser, and loses nothing',
    async () => {
      const least = '--rounds 1 --time 0.5 --rate 500 --pairs 5'
      const [readers = '', browser = ''] = commands('bench:dashboard')
      const lost = async (command: string) =>
        [...rowsOf(await run(command, least))].slice(1).map(([who, cells]) => [who, cells.at(-1)])
      const read = [
        ['nobody', '0'],
        ['a reader of the overview', '0'],
        ['a reader of the topics', '0'],
      ]
      expect(await lost(readers)).toEqual(read)
      expect(await lost(browser)).toEqual([...read, ['Chromium, the overview', '0'], ['Chromium, the topics', '0']])
    },
  )

  const [both = '', again = '', pulsar = '', faults = ''] = commands('bench:bridges')
  const bridged = [
    [both, 'kafka and pulsar'],
    [again, 'kafka and pulsar'],
    [pulsar, 'pulsar'],
  ] as const
  for (const [at, [command, systems]] of bridged.entries())
    testWith(missingKafka() ?? missingPulsar({}), `bench:bridges, ${at + 1}: ${systems} give back all`, async () => {
      const printed = await run(command, '--messages 2000 --publishers 4 --rounds 1')
      const lines = printed.trim().split('\n')
      const results = lines.map(line => JSON.parse(line) as { to: string; round?: number; bridged: { read: number } })
      const rounds = results.filter(({ round }) => round !== undefined)
      expect(rounds.map(({ to }) => to).join(' and ')).toBe(systems)
      for (const { bridged } of rounds) expect(bridged.read).toBe(2_000)
    })

  test('test:bridges-faults, beside them, runs tests that `npm test` runs with less', () => {
    const [, script = ''] = /npm run (\S+)$/.exec(faults) ?? []
    const [, files = ''] = /vitest run (\S+)/.exec(scripts[script] ?? '') ?? []
    const tests = readdirSync(join(root, 'test/faults')).map(file => `test/faults/${file}`)
    const known = tests.filter(file => file.startsWith(files)).map(file => readFileSync(join(root, file), 'utf8'))
    for (const [variable] of faults.matchAll(/[A-Z]+(?==)/g))
      expect(known.filter(text => text.includes(`process.env.${variable}`)).length, variable).toBeGreaterThan(1)
  })

  test('the budgets are stored by a test that is there', () => {
    const [, file = ''] = /vitest run (\S+)/.exec(commands('BUDGETS').join('\n')) ?? []
    expect(existsSync(join(root, file))).toBe(true)
  })
})
