import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openBrowser } from '../../test/dashboard/browser.ts'
import type { Assignment, Figures, Load } from '../load.ts'
import { BrokerProcess, freePort, keepTo, onCores, runGenerator } from '../processes.ts'
import { reader, type Viewer, visitor } from './viewer.ts'

/**
 * What an open dashboard costs those who publish: `npm run bench:dashboard`. The server has a core of its own; the
 * generator shares the other with the browser, so a browser's figures are those of its own work, too.
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    pairs: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    time: { type: 'string', default: '4' },
    browser: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const load: Load = {
  kind: 'exchange',
  shape: 'pairs',
  publishers: Number(values.pairs),
  subscribers: Number(values.pairs),
  rate: Number(values.rate),
  transport: 'tcp',
  version: 4,
  qos: 1,
  payloadBytes: 100,
  window: 1_000,
}
const openFiles = 2_000
const spareMs = 60_000

keepTo('1')
const directory = mkdtempSync(path.join(tmpdir(), 'bench-dashboard-'))
try {
  const ports = { mqtt: await freePort(), http: await freePort() }
  const configuration = path.join(directory, 'robustmq.yaml')
  writeFileSync(
    configuration,
    `data: ${path.join(directory, 'data')}
listeners: { mqtt: { port: ${ports.mqtt} } }
http: { port: ${ports.http} }
`,
  )
  const program = fileURLToPath(new URL('../../../../dist/server/main.js', import.meta.url))
  const server = onCores('0', [process.execPath, program, 'start', '--config', configuration])
  await using broker = await BrokerProcess.start(server, ports.mqtt, openFiles)
  await measure(broker, ports.mqtt, `http://127.0.0.1:${ports.http}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** Each round has each viewer once, so that what the machine does besides meets all of them. */
async function measure(broker: BrokerProcess, port: number, url: string): Promise<void> {
  const browser = values.browser ? await openBrowser() : undefined
  const viewers: Readonly<Record<string, () => Viewer | Promise<Viewer> | undefined>> = {
    nobody: () => undefined,
    'a reader of the overview': () => reader(url, 'overview'),
    'a reader of the topics': () => reader(url, 'topics'),
    ...(browser && {
      'Chromium, the overview': () => visitor(browser, url, 'overview'),
      'Chromium, the topics': () => visitor(browser, url, 'topics'),
    }),
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, rounds, timeS: values.time }
  console.log(JSON.stringify({ ...machine, load }))
  const runs = new Map(Object.keys(viewers).map(name => [name, [] as Figures[]]))
  try {
    for (let round = 0; round < rounds; round++)
      for (const [name, open] of Object.entries(viewers)) {
        const viewer = await open()
        runs.get(name)?.push(await publish(broker, port))
        await viewer?.close()
      }
  } finally {
    await browser?.close()
  }
  console.log(
    '| who looks | p50 ms | p99 ms | p99.9 ms | most ms | server, % of a core | lost |\n|---|---|---|---|---|---|---|',
  )
  for (const [name, figures] of runs) {
    const [p50, p99, p999, most] = ['latencyP50Us', 'latencyP99Us', 'latencyP999Us', 'latencyMaxUs'].map(figure =>
      (median(figures, figure) / 1_000).toFixed(2),
    )
    const spread = figures.map(one => ((one.latencyP99Us ?? Number.NaN) / 1_000).toFixed(2)).join(' ')
    const cpu = median(figures, 'brokerCpuPercent').toFixed(1)
    console.log(`| ${name} | ${p50} | ${p99} (${spread}) | ${p999} | ${most} | ${cpu} | ${median(figures, 'lost')} |`)
  }
}

async function publish(broker: BrokerProcess, port: number): Promise<Figures> {
  const timeMs = Number(values.time) * 1_000
  const assignment: Assignment = { load, port, pid: broker.pid, warmUpMs: 1_000, timeMs }
  const generator = fileURLToPath(new URL('../generator/main.js', import.meta.url))
  const command = [process.execPath, generator, JSON.stringify(assignment)]
  return JSON.parse(await runGenerator(command, openFiles, timeMs + spareMs))
}

function median(figures: readonly Figures[], name: string): number {
  const sorted = figures.map(one => one[name] ?? Number.NaN).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
