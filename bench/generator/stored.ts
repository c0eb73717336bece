import type { Assignment, Figures, OfflineLoad, RetainedLoad } from '../load.ts'
import { BringUp, expectReady } from './bring-up.ts'
import { Client, type ClientOwner } from './client.ts'
import { OutBuffer } from './link.ts'
import { Meter } from './meter.ts'
import { Publisher } from './publisher.ts'
import { StreamCheck } from './stream-check.ts'
import { Traffic } from './traffic.ts'

const settleMs = 300

/** Publishes first, receives afterwards: the figures `store...` and `deliver...`, or `enqueue...` and `drain...`. */
export async function stored(load: RetainedLoad | OfflineLoad, { port, pids }: Assignment): Promise<Figures> {
  const retain = load.kind === 'retained'
  const meter = new Meter(pids)
  const bringUp = new BringUp()
  const out = new OutBuffer()
  const wire = { port, transport: load.transport, version: load.version, keepAliveS: 0, out } as const
  const owner: ClientOwner = {
    settled: () => bringUp.settled(),
    received: (client, bytes, at, end) => traffic.onReceived(client, bytes, at, end),
    acknowledged: client => traffic.onAcknowledged(client),
  }
  const count = load.kind === 'retained' ? load.publishers : 1
  const publishers = Array.from({ length: count }, (_, index) => {
    const options = { ...wire, clientId: `b-p${index}`, clean: true, qos: load.qos, filters: [] }
    const topicOf = retain ? (sequence: number) => `b/${index}/${sequence}` : () => `b/off/${index}`
    const client = new Client(index, options, owner)
    return new Publisher(client, topicOf, { ...load, retain, receivers: 0, out })
  })
  const streams = publishers.map(() => new StreamCheck())
  const traffic = new Traffic(publishers, { receivers: 0, acknowledged: true, streamOf: (_, index) => streams[index] })
  const subscriber = (): Client => {
    const filters = [retain ? 'b/#' : 'b/off/#']
    return new Client(0, { ...wire, clientId: 'b-s0', clean: retain, qos: load.qos, filters }, owner)
  }
  const open = async (clients: Client[]): Promise<void> => {
    await bringUp.open(clients)
    expectReady(clients)
  }

  await open(publishers.map(({ client }) => client))
  if (!retain) {
    const absent = subscriber()
    await open([absent])
    absent.disconnect()
    await pause(settleMs)
  }
  const emptyRssBytes = meter.rssBytes()
  await meter.begin()
  const storeMs = await traffic.run({ messages: Math.ceil(load.messages / count) })
  const storing = await meter.end()
  const { sent } = traffic
  const storedRssBytes = meter.rssBytes()
  await pause(settleMs)

  const present = subscriber()
  const begin = performance.now()
  const reading = new Meter(pids)
  await reading.begin()
  await open([present])
  await traffic.arrival(sent)
  const deliverMs = performance.now() - begin
  const delivering = await reading.end()
  const { received } = traffic
  await pause(settleMs)
  const [first, second] = retain ? ['store', 'deliver'] : ['enqueue', 'drain']
  return {
    [`${first}PerS`]: (sent / storeMs) * 1000,
    [`${first}CpuUsPerMessage`]: storing.cpuUs / sent,
    ...(storing.instructions === undefined ? {} : { [`${first}InstructionsPerMessage`]: storing.instructions / sent }),
    [`${second}PerS`]: (received / deliverMs) * 1000,
    [`${second}CpuUsPerMessage`]: delivering.cpuUs / received,
    ...(delivering.instructions === undefined
      ? {}
      : { [`${second}InstructionsPerMessage`]: delivering.instructions / received }),
    sent,
    received,
    lost: sent - received,
    duplicated: streams.reduce((total, { duplicated }) => total + duplicated, 0),
    reordered: streams.reduce((total, { reordered }) => total + reordered, 0),
    errors: traffic.errors + present.errors,
    bytesPerMessage: (storedRssBytes - emptyRssBytes) / sent,
    peakRssBytes: meter.peakRssBytes(),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
