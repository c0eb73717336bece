import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchArguments, readArguments, usage } from './arguments.ts'
import { brokers } from './brokers.ts'
import { type Case, cases } from './cases.ts'
import { makeCertificate } from './certificate.ts'
import type { Assignment, Figures } from './load.ts'
import { BrokerProcess, freePort, pinned, runGenerator } from './processes.ts'
import { type Result, summarize, table } from './report.ts'

/** What a run may take beyond the time it measures: connecting, waiting for stragglers, a slow broker. */
const runLimitMs = 60_000
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
  const machine = { cpu, cores: cpus().length, node: process.version, pinned, versions }
  process.stdout.write(`${JSON.stringify(machine)}\n`)
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-'))
  const results: Result[] = []
  try {
    const certificate = makeCertificate(directory)
    for (const name of wanted.cases) {
      const benchCase = cases.get(name)
      if (benchCase === undefined) continue
      const measured = await measure(name, benchCase, wanted, { directory, certificate })
      results.push(...measured)
      process.stdout.write(`\n${table(benchCase.load.kind, measured)}\n`)
      if (wanted.json !== undefined) writeFileSync(wanted.json, `${JSON.stringify({ machine, results }, null, 2)}\n`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return results.some(({ rounds }) => rounds > 0) ? 0 : 1
}

interface Common {
  readonly directory: string
  readonly certificate: { readonly cert: string; readonly key: string }
}

/** The brokers in turns, so that what the machine does besides meets all of them. */
async function measure(name: string, benchCase: Case, wanted: BenchArguments, common: Common): Promise<Result[]> {
  const figures = new Map<string, Figures[]>(wanted.brokers.map(broker => [broker, []]))
  const failures = new Map<string, string>()
  for (let round = 0; round < wanted.rounds; round += 1) {
    for (const broker of wanted.brokers) {
      const lack = brokers.get(broker)?.lacks(benchCase)
      if (lack !== undefined) {
        failures.set(broker, lack)
        continue
      }
      try {
        figures.get(broker)?.push(await run(broker, benchCase, wanted, common))
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        failures.set(broker, `failed: ${message.trim().split('\n').at(-1)}`)
        process.stderr.write(`${name} ${broker}: ${message}\n`)
      }
    }
  }
  return wanted.brokers.map(broker => summarize(name, broker, figures.get(broker) ?? [], failures.get(broker)))
}

/** One broker, started for this alone on a port that nobody used. */
async function run(
  name: string,
  { load, durable = false }: Case,
  wanted: BenchArguments,
  common: Common,
): Promise<Figures> {
  const directory = mkdtempSync(path.join(common.directory, `${name}-`))
  const port = await freePort()
  const transport = load.kind === 'connections' ? 'tcp' : load.transport
  const place = { directory, port, transport, durable, certificate: common.certificate }
  try {
    await using broker = await BrokerProcess.start(brokers.get(name)?.command(place) ?? [], port)
    const assignment: Assignment = { load, port, pids: broker.pids, warmUpMs: wanted.warmUpMs, timeMs: wanted.timeMs }
    const command = [process.execPath, generator, JSON.stringify(assignment)]
    return JSON.parse(await runGenerator(command, runLimitMs + wanted.timeMs + wanted.warmUpMs))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`)
  return 2
}
