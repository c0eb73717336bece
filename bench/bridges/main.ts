import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { BrokerProcess, freePort } from '../processes.ts'
import { cpuUsOf, source } from './commands.ts'
import type { FarSide, Rate } from './far-side.ts'
import { startKafka } from './kafka-side.ts'
import { type MqttResult, publish } from './mqtt-load.ts'
import { startPulsar } from './pulsar-side.ts'

/**
 * MQTT QoS 1 in, a bridge out, an independent reader behind it, and the bridge's own client in the same round; each of
 * the systems in turn. Figures are of one round, then medians of all.
 */
const sides = { kafka: startKafka, pulsar: startPulsar } as const
type Side = keyof typeof sides

const filter = 'bench'
const pollMs = 50
const drainWithinMs = 120_000

const { values } = parseArgs({
  options: {
    to: { type: 'string', default: Object.keys(sides).join(',') },
    messages: { type: 'string', default: '500000' },
    bytes: { type: 'string', default: '200' },
    publishers: { type: 'string', default: '50' },
    window: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    /** Publishes a second, for their latency; 0: that is not measured. */
    rate: { type: 'string', default: '5000' },
    /** In place of the bridge's own defaults. */
    batch: { type: 'string' },
    linger: { type: 'string' },
    /** Where a profile of the server is written. */
    profile: { type: 'string' },
  },
})
const [messages, bytes, publishers, window, rounds, rate] = [
  ...[values.messages, values.bytes, values.publishers, values.window, values.rounds, values.rate].map(Number),
] as [number, number, number, number, number, number]
const load = { publishers, window, messages, bytes, topic: filter }
const delivery = { ...(values.batch && { batch: values.batch }), ...(values.linger && { linger: values.linger }) }

const directory = mkdtempSync(path.join(tmpdir(), 'bench-bridges-'))
let servers = 0

async function main(): Promise<void> {
  const started = new Map<Side, FarSide>()
  try {
    for (const to of values.to.split(',').map(asSide)) started.set(to, await sides[to](directory))
    const seen = new Map<Side, Round[]>([...started.keys()].map(to => [to, []]))
    for (let round = 1; round <= rounds; round++) {
      for (const [to, far] of started) {
        const measured = await oneRound(to, far)
        seen.get(to)?.push(measured)
        console.log(JSON.stringify({ to, round, ...measured }))
      }
    }
    for (const [to, all] of seen) console.log(JSON.stringify({ to, medians: mediansOf(all) }))
    if (rate > 0) for (const [to, far] of started) console.log(JSON.stringify({ to, ...(await latencies(to, far)) }))
  } finally {
    for (const far of started.values()) await far[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  }
}

function asSide(name: string): Side {
  if (Object.hasOwn(sides, name)) return name as Side
  throw new Error(`--to ${name}: known are ${Object.keys(sides).join(', ')}`)
}

interface Round {
  readonly alone: Rate
  readonly bridged: Bridged
  /** Of the rate alone. */
  readonly part: number
}

interface Bridged extends Rate {
  readonly acknowledgedPerSecond: number
  /** Of the other system, and of the publishers. */
  readonly farCpuUs: number
  readonly loadCpuUs: number
  readonly read: number
}

async function oneRound(to: Side, far: FarSide): Promise<Round> {
  const alone = await far.alone(await far.newTopic(), { messages, bytes })
  const bridged = await throughBridge(to, far)
  return { alone, bridged, part: rounded(bridged.perSecond / alone.perSecond) }
}

async function throughBridge(to: Side, far: FarSide): Promise<Bridged> {
  const topic = await far.newTopic()
  await using server = await startServer({ to, connection: far.connection, topic })
  const warm = publishers * window
  await publish({ ...load, port: server.port, messages: warm })
  const before = await holds(far, topic, warm)
  const used = () => [cpuUsOf(server.pid), far.pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0), cpuUsOf(process.pid)]
  const cpu = used()
  const began = performance.now()
  const { perSecond: acknowledgedPerSecond } = await publish({ ...load, port: server.port })
  await holds(far, topic, before + messages)
  const seconds = (performance.now() - began) / 1_000
  const [cpuUs = 0, farCpuUs = 0, loadCpuUs = 0] = used().map((us, at) => rounded((us - (cpu[at] ?? 0)) / messages))
  const read = (await far.read(topic, before + messages)) - before
  return { perSecond: Math.round(messages / seconds), acknowledgedPerSecond, cpuUs, farCpuUs, loadCpuUs, read }
}

/** Publishes on schedule into a bridge that reaches its far side, and into one that does not: they are only stored. */
async function latencies(to: Side, far: FarSide): Promise<{ rate: number; reached: MqttResult; stored: MqttResult }> {
  const latency = async (connection: object) => {
    await using server = await startServer({ to, connection, topic: await far.newTopic() })
    await publish({ ...load, port: server.port, messages: 4 * rate, rate })
    return await publish({ ...load, port: server.port, messages: Math.min(messages, 10 * rate), rate })
  }
  return { rate, reached: await latency(far.connection), stored: await latency(far.nowhere) }
}

async function startServer(bridge: { to: Side; connection: object; topic: string }): Promise<BrokerProcess> {
  const port = await freePort()
  const data = path.join(directory, `data-${++servers}`)
  const options = JSON.stringify({ ...bridge, port, data, filter: `${filter}/#`, delivery })
  const profiled = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile]
  return BrokerProcess.start([process.execPath, ...profiled, source('server.mjs'), options], port, 10_000)
}

/** Waits until the topic holds so many; gives how many it holds. */
async function holds(far: FarSide, topic: string, wanted: number): Promise<number> {
  for (const until = Date.now() + drainWithinMs; Date.now() < until; ) {
    const held = await far.held(topic)
    if (held >= wanted) return held
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
  throw new Error(`${topic} does not hold ${wanted} messages after ${drainWithinMs} ms`)
}

function mediansOf(all: readonly Round[]) {
  const median = (of: (round: Round) => number) => {
    const sorted = all.map(of).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]
  }
  return {
    perSecond: median(({ bridged }) => bridged.perSecond),
    cpuUs: median(({ bridged }) => bridged.cpuUs),
    farCpuUs: median(({ bridged }) => bridged.farCpuUs),
    alonePerSecond: median(({ alone }) => alone.perSecond),
    aloneCpuUs: median(({ alone }) => alone.cpuUs),
    part: median(({ part }) => part),
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

await main()
