import { setTimeout as pause } from 'node:timers/promises'
import { cpuUsOf } from './commands.ts'
import type { FarSide, Rate } from './far-side.ts'
import { type Figures, rounded } from './figures.ts'
import { type MqttLoad, publish } from './mqtt-load.ts'
import type { Servers } from './servers.ts'

const pollMs = 50
const drainWithinMs = 120_000

type Load = Omit<MqttLoad, 'port' | 'rate'>

export interface Throughput extends Figures {
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

/** One round: the bridge's own client, then MQTT QoS 1 in, a bridge out, and an independent reader behind it. */
export async function throughput(to: string, far: FarSide, servers: Servers, load: Load): Promise<Throughput> {
  const { messages, bytes } = load
  const alone = await far.alone(await far.newTopic(), { messages, bytes })
  const bridged = await throughBridge(to, far, servers, load)
  return { alone, bridged, part: rounded(bridged.perSecond / alone.perSecond) }
}

async function throughBridge(to: string, far: FarSide, servers: Servers, load: Load): Promise<Bridged> {
  const { messages, publishers, window } = load
  const topic = await far.newTopic()
  await using server = await servers.start({ to, connection: far.connection, topic, store: 'disk' })
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

/** Waits until the topic holds so many; gives how many it holds. */
async function holds(far: FarSide, topic: string, wanted: number): Promise<number> {
  for (const until = Date.now() + drainWithinMs; Date.now() < until; ) {
    const held = await far.held(topic)
    if (held >= wanted) return held
    await pause(pollMs)
  }
  throw new Error(`${topic} does not hold ${wanted} messages after ${drainWithinMs} ms`)
}
