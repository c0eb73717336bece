import { cpuUsOf } from './commands.ts'
import type { FarSide } from './far-side.ts'
import { type Figures, rounded } from './figures.ts'
import { type MqttLoad, publish } from './mqtt-load.ts'
import type { Bridge, Servers } from './servers.ts'

/** Before what is measured, for compilers. */
const warmUpS = 2

type Load = Omit<MqttLoad, 'port' | 'rate'> & { readonly rate: number }

/** From a PUBLISH to its PUBACK. */
interface Latency extends Figures {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the server. */
  readonly cpuUs: number
}

interface Added extends Figures {
  /** While the far side's own client sends it as many, so that it takes as much of the machine. */
  readonly without: Latency
  readonly bridged: Latency
  readonly addedP99Ms: number
}

/** What a bridge adds where nothing is stored, and where every publish waits for the disk anyway. */
export interface PublishLatency extends Figures {
  readonly memory: Added
  readonly disk: Added
}

/** One round. Without a bridge nothing is stored; with one that does not reach its far side messages are only stored. */
export async function publishLatency(to: string, far: FarSide, servers: Servers, load: Load): Promise<PublishLatency> {
  const { messages, bytes, rate } = load
  const added = async (withoutIt: Bridge | undefined, store: Bridge['store']): Promise<Added> => {
    const feed = far.alone(await far.newTopic(), { messages: messages + warmUpS * rate, bytes, rate })
    // Thrown below, once the server has ended.
    feed.catch(() => {})
    const without = await latency(servers, load, withoutIt)
    await feed
    const topic = await far.newTopic()
    const bridged = await latency(servers, load, { to, connection: far.connection, topic, store })
    return { without, bridged, addedP99Ms: rounded(bridged.p99Ms - without.p99Ms) }
  }
  const memory = await added(undefined, 'memory')
  const disk = await added({ to, connection: far.nowhere, topic: 'nowhere', store: 'disk' }, 'disk')
  return { memory, disk }
}

async function latency(servers: Servers, load: Load, bridge: Bridge | undefined): Promise<Latency> {
  await using server = await servers.start(bridge)
  await publish({ ...load, port: server.port, messages: warmUpS * load.rate })
  const cpu = cpuUsOf(server.pid)
  const { p50Ms, p99Ms } = await publish({ ...load, port: server.port })
  const cpuUs = (cpuUsOf(server.pid) - cpu) / load.messages
  return { p50Ms: rounded(p50Ms), p99Ms: rounded(p99Ms), cpuUs: rounded(cpuUs) }
}
