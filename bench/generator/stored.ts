import { BringUp, expectReady } from '../../cli/bench/load/bring-up.ts'
import { Client, type ClientOwner } from '../../cli/bench/load/client.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import { OrderCheck } from '../../cli/bench/load/order-check.ts'
import { Publisher } from '../../cli/bench/load/publisher.ts'
import { StreamCheck } from '../../cli/bench/load/stream-check.ts'
import { Traffic } from '../../cli/bench/load/traffic.ts'
import type { Assignment, Figures, OfflineLoad, RetainedLoad } from '../load.ts'
import { Meter, type Reading } from './meter.ts'

const settleMs = 300

interface Round {
  readonly storeMs: number
  readonly storing: Reading
  readonly deliverMs: number
  readonly delivering: Reading
  readonly errors: number
  readonly closed: number
  /** Memory of the broker after storing, beyond that before. */
  readonly grownBytes: number
}

/** Publishes first, receives afterwards: the figures `store...` and `deliver...`, or `enqueue...` and `drain...`. */
export async function stored(load: RetainedLoad | OfflineLoad, { port, pid }: Assignment): Promise<Figures> {
  const retain = load.kind === 'retained'
  const meter = new Meter(pid)
  const bringUp = new BringUp()
  const out = new OutBuffer()
  // Self-signed and of no interest here.
  const tls = { rejectUnauthorized: false }
  const wire = { port, tls, transport: load.transport, version: load.version, keepAliveS: 0, out } as const
  const owner: ClientOwner = {
    settled: () => bringUp.settled(),
    received: (client, bytes, at, end) => traffic.onReceived(client, bytes, at, end),
    acknowledged: (client, packetId) => traffic.onAcknowledged(client, packetId),
  }
  let folder = 'first'
  const [count, receivers] = load.kind === 'retained' ? [load.publishers, 1] : [1, load.sessions]
  const publishers = Array.from({ length: count }, (_, index) => {
    const options = { ...wire, clientId: `b-p${index}`, clean: true, qos: load.qos, filters: [] }
    const topicOf = (sequence: number): string => `${folder}/${retain ? `${index}/${sequence}` : sequence % receivers}`
    const client = new Client(index, options, owner)
    return new Publisher(client, topicOf, { ...load, retain, receivers: 0, out })
  })
  // Of one publisher to many sessions, or of many publishers to one subscriber.
  const streams = Array.from({ length: Math.max(count, receivers) }, () => new StreamCheck())
  const streamOf = (receiver: Client, publisher: number): StreamCheck | undefined =>
    streams[retain ? publisher : receiver.index]
  const order = new OrderCheck(receivers, count)
  const traffic = new Traffic(publishers, { receivers: 0, acknowledged: true, streamOf, order })
  const subscribers = (): Client[] =>
    Array.from({ length: receivers }, (_, index) => {
      const filters = [`${folder}/${retain ? '#' : index}`]
      return new Client(index, { ...wire, clientId: `b-s${index}`, clean: retain, qos: load.qos, filters }, owner)
    })
  const open = async (clients: Client[]): Promise<void> => {
    await bringUp.open(clients)
    expectReady(clients)
  }

  /** Stores while nobody receives, then delivers. */
  async function round(messages: number): Promise<Round> {
    traffic.reset()
    for (const stream of streams) stream.reset()
    if (!retain) {
      const absent = subscribers()
      await open(absent)
      await leave(absent)
    }
    const emptyRssBytes = meter.rssBytes()
    await meter.begin()
    const storeMs = await traffic.run({ messages: Math.ceil(messages / count) })
    const storing = await meter.end()
    const storedRssBytes = meter.rssBytes()
    await pause(settleMs)

    const present = subscribers()
    const begin = performance.now()
    await meter.begin()
    await open(present)
    await traffic.arrival(traffic.sent)
    const deliverMs = performance.now() - begin
    const delivering = await meter.end()
    await pause(settleMs)
    const errors = present.reduce((total, { errors }) => total + errors, 0)
    const closed = present.filter(({ state }) => state !== 'ready').length
    await leave(present)
    return { storeMs, storing, deliverMs, delivering, errors, closed, grownBytes: storedRssBytes - emptyRssBytes }
  }

  await open(publishers.map(({ client }) => client))
  for (let left = load.warmUpMessages ?? 0; left > 0; left -= load.messages) await round(Math.min(left, load.messages))
  folder = 'measured'
  const { storeMs, storing, deliverMs, delivering, errors, closed, grownBytes } = await round(load.messages)
  const { sent, received } = traffic
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
    // Retained messages of different topics have no order.
    reordered: retain ? 0 : order.reordered,
    errors: traffic.errors + errors,
    closed,
    bytesPerMessage: grownBytes / sent,
    peakRssBytes: meter.peakRssBytes(),
  }
}

/** Resolves when their connections are closed. */
async function leave(clients: readonly Client[]): Promise<void> {
  for (const client of clients) client.disconnect()
  await Promise.all(clients.map(({ gone }) => gone))
  await pause(settleMs)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
