import { type Client, type ClientOptions, type ClientOwner, Client as LoadClient } from './load/client.ts'
import type { Histogram } from './load/histogram.ts'
import type { OutBuffer } from './load/link.ts'
import type { BenchFigures, BenchPlan } from './plan.ts'

/** Longer than any run with traffic: nobody has to ping. */
const keepAliveS = 2 * 3_600

/** What all clients of a plan have in common. */
export function wireOf(
  { target, version, qos }: BenchPlan,
  out: OutBuffer,
): Omit<ClientOptions, 'clientId' | 'filters'> {
  return { ...target, tls: target.tls, version, qos, clean: true, keepAliveS, out }
}

export function clientsOf(
  count: number,
  options: Omit<ClientOptions, 'clientId' | 'filters'>,
  { name, filtersOf, owner }: { name: string; filtersOf: (index: number) => string[]; owner: ClientOwner },
): Client[] {
  return Array.from({ length: count }, (_, index) => {
    const clientId = `bench-${process.pid}-${name}-${index}`
    return new LoadClient(index, { ...options, clientId, filters: filtersOf(index) }, owner)
  })
}

export function latencies(histogram: Histogram): Pick<BenchFigures, 'p50Ms' | 'p99Ms' | 'p999Ms' | 'maxMs'> {
  const ms = (q: number) => rounded(histogram.quantileUs(q) / 1_000)
  return { p50Ms: ms(0.5), p99Ms: ms(0.99), p999Ms: ms(0.999), maxMs: rounded(histogram.maxUs / 1_000) }
}

export const noLatencies = { p50Ms: null, p99Ms: null, p999Ms: null, maxMs: null } as const

/** This process's share of one core since `begin`. */
export class ToolCpu {
  readonly #cpu = process.cpuUsage()
  readonly #beganMs = performance.now()

  get percent(): number {
    const { user, system } = process.cpuUsage(this.#cpu)
    return rounded((user + system) / 10 / (performance.now() - this.#beganMs))
  }
}

/** Calls again and again until it is ended. */
export function everyQuarterSecond(work: () => void): () => void {
  const timer = setInterval(work, 250)
  return () => clearInterval(timer)
}

/** Three digits say all that a measurement knows. */
export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

/** Whoever was not let in, and whoever left. */
export function closedOf(clients: readonly Client[]): number {
  return clients.filter(({ state }) => state !== 'ready').length
}

export function leave(clients: readonly Client[]): void {
  for (const client of clients) client.disconnect()
}
