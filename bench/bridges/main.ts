import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { keepTo } from '../processes.ts'
import type { FarSide } from './far-side.ts'
import { type Figures, mediansOf } from './figures.ts'
import { startKafka } from './kafka-side.ts'
import { publishLatency } from './publish-latency.ts'
import { startPulsar } from './pulsar-side.ts'
import { Servers } from './servers.ts'
import { throughput } from './throughput.ts'

/**
 * What a bridge carries, or, with a rate, what it adds to the latency of publishes; each of the systems in turn. Figures
 * are of one round, then medians of all.
 */
const sides = { kafka: startKafka, pulsar: startPulsar } as const
type Side = keyof typeof sides

const filter = 'bench'

const { values } = parseArgs({
  options: {
    to: { type: 'string', default: Object.keys(sides).join(',') },
    messages: { type: 'string', default: '500000' },
    bytes: { type: 'string', default: '200' },
    publishers: { type: 'string', default: '50' },
    window: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    /** Publishes a second, for their latency, with the server on a core of its own; 0: as many as are acknowledged. */
    rate: { type: 'string', default: '0' },
    /** Where the far sides keep what they store, if not beside the servers: with memory they leave them the disk. */
    far: { type: 'string', default: tmpdir() },
    /** In place of the bridge's own defaults. */
    batch: { type: 'string' },
    linger: { type: 'string' },
    /** Where profiles of the servers are written. */
    profile: { type: 'string' },
  },
})
const [messages, bytes, publishers, window, rounds, rate] = [
  ...[values.messages, values.bytes, values.publishers, values.window, values.rounds, values.rate].map(Number),
] as [number, number, number, number, number, number]
const load = { publishers, window, messages, bytes, topic: filter }
const delivery = { ...(values.batch && { batch: values.batch }), ...(values.linger && { linger: values.linger }) }

async function main(): Promise<void> {
  if (rate > 0) keepTo('1')
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-bridges-'))
  const farDirectory = mkdtempSync(path.join(values.far, 'bench-far-sides-'))
  const cores = rate > 0 ? '0' : undefined
  const servers = new Servers({ directory, filter: `${filter}/#`, delivery, profile: values.profile, cores })
  console.log(JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, rate, load }))
  const started = new Map<Side, FarSide>()
  try {
    for (const to of values.to.split(',').map(asSide)) started.set(to, await sides[to](farDirectory))
    await measure(started, servers)
  } finally {
    for (const far of started.values()) await far[Symbol.asyncDispose]()
    for (const made of [directory, farDirectory]) rmSync(made, { recursive: true, force: true })
  }
}

async function measure(started: ReadonlyMap<Side, FarSide>, servers: Servers): Promise<void> {
  const oneRound = (to: Side, far: FarSide): Promise<Figures> =>
    rate > 0 ? publishLatency(to, far, servers, { ...load, rate }) : throughput(to, far, servers, load)
  const seen = new Map<Side, Figures[]>([...started.keys()].map(to => [to, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [to, far] of started) {
      const measured = await oneRound(to, far)
      seen.get(to)?.push(measured)
      console.log(JSON.stringify({ to, round, ...measured }))
    }
  }
  for (const [to, all] of seen) console.log(JSON.stringify({ to, medians: mediansOf(all) }))
}

function asSide(name: string): Side {
  if (Object.hasOwn(sides, name)) return name as Side
  throw new Error(`--to ${name}: known are ${Object.keys(sides).join(', ')}`)
}

await main()
