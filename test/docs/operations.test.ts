import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { describeClient } from '../interop/round.ts'
import { Api } from '../server/http/api.ts'
import { testFolder } from '../server/support/config.ts'
import { wire } from '../support/wire.ts'
import { minutes, ruleTest } from './alerts.ts'
import { Prometheus } from './prometheus.ts'

const root = join(import.meta.dirname, '../..')
const operations = join(root, 'docs/operations')
const run = promisify(execFile)
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const guide = read('docs/guides/operations.md')

interface Panel {
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
}

const { panels } = JSON.parse(read('docs/operations/grafana-board.json')) as { panels: readonly Panel[] }
const { groups } = parse(read('docs/operations/alerts.yaml')) as { groups: readonly { rules: readonly Rule[] }[] }
const rules = groups.flatMap(group => group.rules)

/** As Grafana asks it, for all brokers. */
const queries = panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.+')),
)

/** What a rule compares with its limit: it has a value whether or not the alarm is raised. */
function comparedBy({ alert, expr }: Rule): string {
  const compared = /^(.*) [<>] [\d.]+$/.exec(expr)?.[1]
  if (compared === undefined) throw new Error(`${alert} does not end with a comparison with a number`)
  return compared
}

const needed = ['prometheus', 'promtool'].map(command => ({ command, install: 'Debian: apt-get install prometheus' }))

describeClient('Prometheus', needed, () => {
  test('the rules and the configuration are right', async () => {
    const folder = prometheusFolder('localhost:8080')
    writeFileSync(join(folder, 'metrics-key'), 'rmq_key')
    await run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: folder })
    writeFileSync(join(folder, 'alerts.yaml'), read('docs/operations/alerts.yaml').replace('> 0', '> ('))
    await expect(run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: folder })).rejects.toThrow('parse')
  })

  test('each rule raises its alert when it should, and none when all is well', async () => {
    const folder = prometheusFolder('localhost:8080')
    const judge = (text: string) => {
      writeFileSync(join(folder, 'test.yaml'), text)
      return run('promtool', ['test', 'rules', 'test.yaml'], { cwd: folder })
    }
    const names = rules.map(({ alert }) => alert)
    expect(minutes.map(({ alert }) => alert)).toEqual(names)
    await judge(ruleTest('bad', names))
    await judge(ruleTest('fine', []))
    await expect(judge(ruleTest('fine', names))).rejects.toThrow('FAILED')
  })

  test('every query of the board and of the rules has a value from a server that works', async () => {
    const api = await serverWithBridge()
    const folder = prometheusFolder(new URL(api.http.url).host)
    await makeKey(api, folder)
    const prometheus = await Prometheus.start(folder)
    await expect
      .poll(() => prometheus.query('count_over_time(robustmq_info[1m]) >= 3'), { interval: 200, timeout: 60_000 })
      .toHaveLength(1)

    const silent: string[] = []
    for (const query of [...queries, ...rules.map(comparedBy)])
      if ((await prometheus.query(query)).length === 0) silent.push(query)
    expect(silent).toEqual([])
    expect(queries.length).toBeGreaterThan(30)

    // What does not exist is noticed.
    expect(await prometheus.query('sum(robustmq_no_such_number)')).toEqual([])
    await expect(prometheus.query('sum(')).rejects.toThrow('parse error')
    await expect
      .poll(async () => [...new Set(Object.values(await prometheus.rules()))], { interval: 200, timeout: 60_000 })
      .toEqual(['ok'])
    expect(Object.keys(await prometheus.rules())).toEqual(rules.map(({ alert }) => alert))
  }, 60_000)
})

/** With what there is numbers of: a bridge, clients that publish and subscribe, one that is refused. */
async function serverWithBridge(): Promise<Api> {
  const api = await Api.start({
    host: '0.0.0.0',
    configuration: `
access:
  authenticators: [{ type: jwt, secret: ${'x'.repeat(32)} }]
connections:
  far: { type: http, url: "http://127.0.0.1:9/" }
bridges:
  out: { egress: out/#, to: { connection: far } }
`,
  })
  const reader = await api.client({ clientId: 'reader' })
  await reader.subscribe('a/#', { qos: 1 })
  const writer = await api.client({ clientId: 'writer' })
  for (const topic of ['a/b', 'out/b', 'nobody/reads']) await writer.publish(topic, 'x', { qos: 1 })
  const stranger = await wire(api.server.kernel.listeners[0]?.port ?? 0)
  const { reasonCode } = await stranger.connect({ clientId: 'stranger', username: 'nobody', password: 'wrong' })
  expect(reasonCode).toBeGreaterThan(0)
  return api
}

/** The files of the documents, for a server on this port, that is asked each second. */
function prometheusFolder(target: string): string {
  const folder = testFolder()
  const configuration = read('docs/operations/prometheus.yml')
  expect(configuration).toContain('localhost:8080')
  writeFileSync(
    join(folder, 'prometheus.yml'),
    configuration.replace('localhost:8080', target).replaceAll('_interval: 15s', '_interval: 1s'),
  )
  copyFileSync(join(operations, 'alerts.yaml'), join(folder, 'alerts.yaml'))
  return folder
}

/** As the guide says: what it tells to type writes the file `metrics-key`. */
async function makeKey(api: Api, folder: string): Promise<void> {
  const [, script = ''] = /^```sh\n((?:curl.*\n|\s.*\n)+)```$/m.exec(guide) ?? []
  expect(script).toContain('metrics-key')
  const { host } = new URL(api.http.url)
  const typed = script.replaceAll('localhost:8080', host).replace('PASSWORD', api.created?.password ?? '')
  await run('sh', ['-ec', typed], { cwd: folder, timeout: 60_000 })
  expect(readFileSync(join(folder, 'metrics-key'), 'utf8')).toMatch(/^rmq_\S+$/)
}

test('panels of the board lie side by side, not over each other', () => {
  const taken = new Set<string>()
  for (const { title, gridPos } of panels) {
    const { x, y, w, h } = gridPos
    expect(x + w, title).toBeLessThanOrEqual(24)
    for (let column = x; column < x + w; column++)
      for (let line = y; line < y + h; line++) {
        expect(taken.has(`${column} ${line}`), title).toBe(false)
        taken.add(`${column} ${line}`)
      }
  }
  expect(taken.size).toBeGreaterThan(0)
})

describeClient(
  'systemd',
  [{ command: 'systemd-analyze', atLeast: [250, 0], install: 'Debian: apt-get install systemd' }],
  () => {
    const unit = read('docs/operations/robustmq.service')

    test('the unit is understood, and exposes little', async () => {
      const file = join(testFolder(), 'robustmq.service')
      writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
      expect((await run('systemd-analyze', ['verify', file])).stderr).not.toContain('robustmq.service')
      await run('systemd-analyze', ['security', '--offline=true', '--threshold=15', file])
      // Both notice what is wrong.
      writeFileSync(file, unit.replace('ProtectSystem=strict', 'ProtectSystm=strict').replace('PrivateUsers=yes', ''))
      expect((await run('systemd-analyze', ['verify', file])).stderr).toContain('ProtectSystm')
      await expect(run('systemd-analyze', ['security', '--offline=true', '--threshold=15', file])).rejects.toThrow()
    })
  },
)

describe('the guide', () => {
  test('links to files that are there', () => {
    const links = [...guide.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, to = '']) => to)
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) expect(existsSync(join(root, 'docs/guides', link)), link).toBe(true)
  })
})
