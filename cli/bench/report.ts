import { readFileSync } from 'node:fs'
import type { ApiClient, Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { Printer } from '../output/printer.ts'
import { type Machine, machine } from './machine.ts'
import type { BenchFigures, BenchPlan } from './plan.ts'

/** All of one run, as it is written with `-o json` and read by `--compare`. */
export interface BenchReport {
  readonly format: 1
  readonly at: string
  readonly bench: Omit<BenchPlan, 'target'> & { readonly broker: string }
  readonly figures: BenchFigures
  readonly machine: Machine
  /** What the server says of itself; null where its HTTP API was not reached. */
  readonly server: { readonly version: string; readonly storage: string; readonly cpuPercent: number | null } | null
}

/** Busier than this, the tool itself may have been the limit. */
const busyPercent = 90

/** Runs it, and notes all that the figures depend on. */
export async function reportOf(
  plan: BenchPlan,
  { broker, api, run }: { broker: string; api: ApiClient; run: () => Promise<BenchFigures> },
): Promise<BenchReport> {
  const { target: _, ...bench } = plan
  const facts = machine()
  const figures = await run()
  const server = await serverOf(api)
  return { format: 1, at: new Date().toISOString(), bench: { ...bench, broker }, figures, machine: facts, server }
}

/** A broker that is measured need not be ours. */
async function serverOf(api: ApiClient): Promise<BenchReport['server']> {
  try {
    const overview = (await api.call('GET', '/overview')) as {
      node: { version: string }
      storage: string
      now: { cpuPercent: number } | null
    }
    return {
      version: overview.node.version,
      storage: overview.storage,
      cpuPercent: overview.now && Math.round(overview.now.cpuPercent),
    }
  } catch {
    return null
  }
}

export function showReport(report: BenchReport, before: BenchReport | undefined, printer: Printer): void {
  if (!printer.forPeople) return printer.thing(before ? { ...report, changes: changesOf(report, before) } : report)
  const { bench, figures, machine: facts } = report
  printer.done(
    `${bench.kind}, QoS ${bench.qos}, ${bench.clients} clients, ${bench.payloadBytes} bytes, ${bench.broker}`,
  )
  printer.done(`${facts.cores} x ${facts.cpu}, ${facts.memoryGiB} GiB, ${facts.system}, Node.js ${facts.nodejs}`)
  printer.rows(rowsOf(report, before), before ? columns.comparedMeasures : columns.measures)
  if (figures.toolCpuPercent > busyPercent)
    printer.done(`this tool was busy ${figures.toolCpuPercent} % of a core: the broker may be faster than this`)
}

const measures = {
  perSecond: 'a second',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  p999Ms: 'p99.9 ms',
  maxMs: 'longest ms',
  sent: 'sent',
  received: 'received',
  lost: 'lost',
  duplicated: 'duplicated',
  reordered: 'reordered',
  errors: 'errors',
  closed: 'closed',
  seconds: 'seconds',
  toolCpuPercent: 'CPU % of this tool',
} as const satisfies Readonly<Record<keyof BenchFigures, string>>

/** By measure, in percent; without those that cannot be compared. */
function changesOf({ figures }: BenchReport, before: BenchReport): Record<string, number> {
  const names = Object.keys(measures) as (keyof BenchFigures)[]
  return Object.fromEntries(
    names.flatMap(name => {
      const [value, old] = [figures[name], before.figures[name]]
      return value === null || !old ? [] : [[name, Math.round((value / old - 1) * 1_000) / 10]]
    }),
  )
}

/** A line for each measure, and how it changed since `before`. */
function rowsOf(report: BenchReport, before: BenchReport | undefined): Row[] {
  const { figures } = report
  const changes = before ? changesOf(report, before) : {}
  return Object.entries(measures).map(([name, measure]) => {
    const value = figures[name as keyof BenchFigures]
    const old = before?.figures[name as keyof BenchFigures]
    const change = changes[name]
    return { measure, value, before: old, change: change === undefined ? '' : `${change < 0 ? '' : '+'}${change} %` }
  })
}

/** @throws CommandFailure for what is no report of ours */
export function readReport(file: string): BenchReport {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<BenchReport>
    if (read.format === 1 && typeof read.figures?.perSecond === 'number') return read as BenchReport
  } catch (error) {
    throw new CommandFailure(`${file} cannot be read: ${(error as Error).message}`, { exitCode: exitCodes.usage })
  }
  throw new CommandFailure(`${file} is no report of robust-ctl bench`, {
    exitCode: exitCodes.usage,
    next: 'robust-ctl bench pair -o json > old.json',
  })
}
