import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { catalogue } from '../../server/catalogue.ts'
import { loadConfig } from '../../server/config/index.ts'
import { testFolder } from '../server/support/config.ts'
import { command } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { certificates } from '../support/certificates.ts'
import { commandsOf, pages, snippetsOf, snippetWith } from './snippets.ts'

const root = join(import.meta.dirname, '../..')
const here = 'test/docs/snippets.test.ts'

/** How many snippets of a language a page has, and the test that runs or checks them. */
const run: readonly (readonly [page: string, language: string, count: number, by: string])[] = [
  ['README.md', 'sh', 5, 'test/readme.test.ts'],
  ['README.md', 'yaml', 1, 'test/readme.test.ts'],
  ['README.md', 'js', 1, 'test/readme.test.ts'],
  ['README.md', 'text', 1, 'test/readme.test.ts'],
  ['docs/guides/access.md', 'sh', 1, 'test/docs/guides.test.ts'],
  ['docs/guides/access.md', 'yaml', 6, 'test/docs/guides.test.ts'],
  ['docs/guides/access.md', 'json', 4, 'test/docs/guides.test.ts'],
  ['docs/guides/access.md', 'text', 2, 'test/docs/guides.test.ts'],
  ['docs/guides/bridge-plugin.md', 'ts', 4, 'test/docs/bridges.test.ts'],
  ['docs/guides/bridge-plugin.md', 'yaml', 1, here],
  ['docs/guides/bridges-kafka.md', 'yaml', 3, 'test/docs/bridges-kafka.test.ts'],
  ['docs/guides/bridges-pulsar.md', 'yaml', 3, 'test/docs/bridges-pulsar.test.ts'],
  ['docs/guides/bridges.md', 'yaml', 2, 'test/docs/bridges.test.ts'],
  ['docs/guides/bridges.md', 'sh', 1, here],
  ['docs/guides/http-api.md', 'sh', 4, 'test/docs/http-api.test.ts'],
  ['docs/guides/http-api.md', 'json', 1, 'test/docs/http-api.test.ts'],
  ['docs/guides/http-api.md', 'yaml', 1, here],
  ['docs/guides/listeners.md', 'sh', 2, 'test/docs/guides.test.ts'],
  ['docs/guides/listeners.md', 'yaml', 6, 'test/docs/guides.test.ts'],
  ['docs/guides/listeners.md', 'console', 2, 'test/docs/guides.test.ts'],
  ['docs/guides/listeners.md', 'js', 1, 'test/docs/guides.test.ts'],
  ['docs/guides/listeners.md', 'haproxy', 1, 'test/docs/proxies.test.ts'],
  ['docs/guides/listeners.md', 'nginx', 1, 'test/docs/proxies.test.ts'],
  ['docs/guides/mqtt-extras.md', 'text', 14, 'test/docs/mqtt-extras.test.ts'],
  ['docs/guides/mqtt-extras.md', 'yaml', 6, 'test/docs/mqtt-extras.test.ts'],
  ['docs/guides/mqtt-extras.md', 'js', 2, 'test/docs/mqtt-extras.test.ts'],
  ['docs/guides/mqtt-extras.md', 'json', 2, 'test/docs/mqtt-extras.test.ts'],
  ['docs/guides/operations.md', 'sh', 1, 'test/docs/operations.test.ts'],
  ['docs/guides/operations.md', 'sh', 1, 'test/docs/service.test.ts'],
  ['docs/guides/operations.md', 'sh', 2, 'test/docs/compose.test.ts'],
  ['docs/guides/operations.md', 'yaml', 1, here],
  ['docs/guides/protocol-plugin.md', 'text', 1, 'test/docs/protocol-plugin.test.ts'],
  ['docs/guides/protocol-plugin.md', 'ts', 12, 'test/docs/protocol-plugin.test.ts'],
  ['docs/guides/protocol-plugin.md', 'yaml', 1, here],
  ['docs/guides/robust-ctl.md', 'sh', 4, 'test/docs/robust-ctl.test.ts'],
  ['docs/reference/performance.md', 'sh', 2, 'test/docs/performance.test.ts'],
  ['docs/reference/performance.md', 'sh', 3, 'test/docs/benchmarks.test.ts'],
]

/** Those that no test runs, each by a piece of it, and why. */
const notRun: readonly (readonly [page: string, piece: string, why: string])[] = [
  ['README.md', 'npm ci && npm test', 'the gate runs it on a fresh clone; it is what runs this test'],
  ['docs/guides/bridges-kafka.md', 'telemetry-to-kafka: egress', "what a cluster of somebody's answers"],
  ['docs/guides/bridges-pulsar.md', 'telemetry-to-pulsar: egress', "what a cluster of somebody's answers"],
  ['docs/reference/data-directory.md', 'log-spool/', 'a picture; the tables after it are read byte by byte'],
  ['docs/reference/performance.md', 'BUDGETS=store', 'would overwrite what the test compares with'],
]

const all = pages().flatMap(page => snippetsOf(page).map(snippet => ({ page, ...snippet })))
const isNotRun = (page: string, text: string) => notRun.some(([at, piece]) => at === page && text.includes(piece))

/** How many of each page and language, in the order of pages. */
function countsOf(rows: readonly (readonly [page: string, language: string, count: number, ...rest: unknown[]])[]) {
  const counts = new Map<string, number>()
  for (const [page, language, count] of rows)
    counts.set(`${page} ${language}`, (counts.get(`${page} ${language}`) ?? 0) + count)
  return Object.fromEntries([...counts].sort())
}

test('every snippet is run or checked by a test, or named with the reason', () => {
  const found = all.filter(({ page, text }) => !isNotRun(page, text))
  expect(countsOf(found.map(({ page, language }) => [page, language, 1]))).toEqual(countsOf(run))
})

test('each of these tests is there and reads that page; each piece is in one snippet', () => {
  for (const [page, , , by] of run)
    expect(readFileSync(join(root, by), 'utf8'), `${by} does not name ${page}`).toContain(page.split('/').at(-1))
  for (const [page, piece] of notRun)
    expect(all.filter(one => one.page === page && one.text.includes(piece)).length, piece).toBe(1)
})

describe('the configurations of guides for plugin writers', () => {
  test.each([
    ['protocol-plugin.md', 'line.js', 'examples/line-protocol/index.ts', 'listeners.line.protocol'],
    ['bridge-plugin.md', 'file-bridge.js', 'examples/file-bridge/index.ts', 'connections.lines.type'],
  ])('%s: the server takes it, with the plugin beside it', async (guide, module, source) => {
    const [yaml] = snippetsOf(`docs/guides/${guide}`, 'yaml')
    // What the build of the example would be.
    const text = `export * from ${JSON.stringify(join(root, source))}\n`
    const cwd = testFolder({ 'robustmq.yaml': yaml?.text ?? '', [module]: text })
    const { config } = await loadConfig({ catalogue, cwd, environment: {} })
    expect(config.plugins).toEqual([`./${module}`])
  })
})

test('http-api.md: the server takes the configuration', async () => {
  const { cert, key } = await certificates()
  const yaml = snippetWith('docs/guides/http-api.md', 'yaml', 'hosts:')
  const cwd = testFolder({ 'robustmq.yaml': yaml, 'cert.pem': cert, 'key.pem': key })
  const { config } = await loadConfig({ catalogue, cwd, environment: {} })
  expect(config.http.hosts).toEqual(['broker.example.org'])
})

test('operations.md: the server takes the configuration', async () => {
  const cwd = testFolder({ 'robustmq.yaml': snippetWith('docs/guides/operations.md', 'yaml', 'telemetry:') })
  const { config } = await loadConfig({ catalogue, cwd, environment: {} })
  expect(config.telemetry).toMatchObject({ endpoint: 'http://localhost:4318/v1/traces', ratio: 0 })
})

describe('bridges.md', () => {
  beforeAll(build)

  test('the commands find the configuration right, and the way open', async () => {
    const far = createServer((_, response) => response.end())
    await new Promise<void>(resolve => far.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void far.close())
    const yaml = snippetWith('docs/guides/bridges.md', 'yaml', 'type: http')
    const cwd = testFolder()
    const { port } = far.address() as AddressInfo
    writeFileSync(join(cwd, 'robustmq.yaml'), yaml.replace('https://example.org', `http://127.0.0.1:${port}`))
    const script = snippetWith('docs/guides/bridges.md', 'sh', 'config check')
    for (const line of commandsOf(script)) {
      const [program, ...args] = line.split(' ')
      expect(program).toBe('robust-server')
      const { code, stdout, stderr } = await command(args, { cwd, environment: { HOOK_SECRET: 'x' } })
      expect(`${line}: ${code} ${stdout}${stderr}`).toContain(`${line}: 0 `)
    }
  })
})
