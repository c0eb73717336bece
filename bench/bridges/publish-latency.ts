import { cpuUsOf } from './commands.ts'
import { CoreWaits } from './core-waits.ts'
import type { FarSide } from './far-side.ts'
import { type Figures, rounded } from './figures.ts'
import { type MqttLoad, publish } from './mqtt-load.ts'
import type { Bridge, Servers } from './servers.ts'

/** No client is called this. */
const never = "${clientid} == 'nobody'"
/** Before what is measured, for compilers. */
const warmUpS = 2

type Load = Omit<MqttLoad, 'port' | 'rate'> & { readonly rate: number }

/** From a PUBLISH to its PUBACK. */
interface Latency extends Figures {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of those during which neither the server nor the publishers waited for a processor, and how many of all they are. */
  readonly calmP50Ms: number
  readonly calmP99Ms: number
  readonly calmPart: number
  /** Of the server. */
  readonly cpuUs: number
}

interface Added extends Figures {
  /** While the far side's own client sends it as many, so that it takes as much of the machine. */
  readonly without: Latency
  readonly bridged: Latency
  /** Of calm ones. */
  readonly addedP99Ms: number
}

/** What a bridge adds where nothing is stored, and what one adds that sends to one that only stores. */
export interface PublishLatency extends Figures {
  readonly memory: Added
  readonly disk: Added
}

/** One round. Without a bridge nothing is stored; with one that no message meets the condition of, all are, and leave again. */
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
    return { without, bridged, addedP99Ms: rounded(bridged.calmP99Ms - without.calmP99Ms) }
  }
  const memory = await added(undefined, 'memory')
  const disk = await added({ to, connection: far.connection, topic: 'none', store: 'disk', when: never }, 'disk')
  return { memory, disk }
}

async function latency(servers: Servers, load: Load, bridge: Bridge | undefined): Promise<Latency> {
  await using server = await servers.start(bridge)
  await publish({ ...load, port: server.port, messages: warmUpS * load.rate })
  const cpu = cpuUsOf(server.pid)
  using waits = new CoreWaits([server.pid, process.pid])
  const { p50Ms, p99Ms, calm } = await publish({ ...load, port: server.port, waits })
  const cpuUs = (cpuUsOf(server.pid) - cpu) / load.messages
  return {
    ...{ p50Ms: rounded(p50Ms), p99Ms: rounded(p99Ms) },
    ...{ calmP50Ms: rounded(calm.p50Ms), calmP99Ms: rounded(calm.p99Ms), calmPart: rounded(calm.part) },
    cpuUs: rounded(cpuUs),
  }
}
