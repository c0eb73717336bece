import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchArguments, readArguments, usage } from './arguments.ts'
import { type Broker, brokers } from './brokers.ts'
import { type Case, cases } from './cases.ts'
import { makeCertificate } from './certificate.ts'
import { judge, type Verdict } from './gates.ts'
import { type Assignment, connectionsOf, type Figures, type Load } from './load.ts'
import { BrokerProcess, freePort, onCores, pinned, runGenerator, withSlowDisk } from './processes.ts'
import { type Result, summarize, table, verdicts } from './report.ts'

/** What a run may take beyond the time it measures: connecting, waiting for stragglers, a slow broker. */
const runLimitMs = 90_000
/** Open files of a broker or the generator beside its connections. */
const spareFiles = 500
const generator = fileURLToPath(new URL('generator/main.js', import.meta.url))

process.exitCode = await main()

async function main(): Promise<number> {
  if (process.platform !== 'linux') return complain('the measurements are read from /proc, which only Linux has')
  let wanted: BenchArguments
  try {
    wanted = readArguments(process.argv.slice(2))
  } catch (error) {
    return complain(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
  const versions = Object.fromEntries(wanted.brokers.map(name => [name, brokers.get(name)?.version()]))
  const cpu = cpus()[0]?.model ?? 'unknown'
  const machine = {
    cpu,
    cores: cpus().length,
    node: process.version,
    pinned,
    versions,
    arguments: process.argv.slice(2),
  }
  process.stdout.write(`${JSON.stringify(machine)}\n`)
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-'))
  const results: Result[] = []
  const judged: Verdict[] = []
  try {
    const certificate = makeCertificate(directory)
    for (const name of wanted.cases) {
      const benchCase = cases.get(name)
      if (benchCase === undefined) continue
      const measured = await measure(name, benchCase, wanted, { directory, certificate })
      const judgedNow = judge(name, measured)
      results.push(...measured)
      judged.push(...judgedNow)
      process.stdout.write(`\n${table(benchCase.load.kind, measured)}\n${verdicts(judgedNow)}\n`)
      const all = { machine, results, gates: judged }
      if (wanted.json !== undefined) writeFileSync(wanted.json, `${JSON.stringify(all, null, 2)}\n`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return results.some(({ runs }) => runs.length > 0) ? 0 : 1
}

interface Common {
  readonly directory: string
  readonly certificate: { readonly cert: string; readonly key: string }
}

/** The brokers in turns, so that what the machine does besides meets all of them. */
async function measure(name: string, benchCase: Case, wanted: BenchArguments, common: Common): Promise<Result[]> {
  const { load, base } = benchCase
  const parts = base === undefined ? { load } : { base, load }
  const measured = Object.entries(parts).flatMap(([part, load]) =>
    wanted.brokers.map(broker => ({
      case: name,
      part: part as Result['part'],
      broker,
      load: withIdle(load, wanted.idle),
      runs: [] as Figures[],
      failed: undefined as string | undefined,
    })),
  )
  for (let round = 0; round < wanted.rounds; round += 1) {
    for (const one of measured) {
      const broker = brokers.get(one.broker)
      if (broker === undefined) continue
      one.failed = broker.lacks({ ...benchCase, load: one.load })
      if (one.failed !== undefined) continue
      try {
        one.runs.push(await run(broker, { ...benchCase, load: one.load }, wanted, common))
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        one.failed = `failed: ${message.trim().split('\n').at(-1)}`
        process.stderr.write(`${name} ${one.broker}: ${message}\n`)
      }
    }
  }
  return measured.map(({ load, ...one }) => summarize(one))
}

/** Where open files do not suffice for the idle connections of a case, fewer are measured when the user says so. */
function withIdle(load: Load, most: number): Load {
  return load.kind === 'exchange' && load.idle !== undefined ? { ...load, idle: Math.min(load.idle, most) } : load
}

/** One broker, started for this alone on a port that nobody used. */
async function run(
  broker: Broker,
  { load, durable = false, fsyncDelayMs = 0, settings = [] }: Case,
  wanted: BenchArguments,
  common: Common,
): Promise<Figures> {
  const directory = mkdtempSync(path.join(wanted.data ?? common.directory, `${broker.name}-`))
  const port = await freePort()
  const transport = 'transport' in load ? load.transport : 'tcp'
  const { certificate } = common
  const place = { directory, port, transport, durable, certificate, settings, arguments: wanted.oursArguments }
  try {
    const command = withSlowDisk(fsyncDelayMs, onCores(wanted.cores, broker.command(place)))
    const openFiles = connectionsOf(load) + spareFiles
    await using started = await BrokerProcess.start(command, port, openFiles)
    const assignment: Assignment = {
      load,
      port,
      pid: started.pid,
      warmUpMs: wanted.warmUpMs,
      timeMs: wanted.timeMs,
    }
    const generate = onCores(wanted.generatorCores, [process.execPath, generator, JSON.stringify(assignment)])
    return JSON.parse(await runGenerator(generate, openFiles, runLimitMs + wanted.timeMs + wanted.warmUpMs))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`)
  return 2
}
