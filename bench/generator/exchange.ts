import { BringUp, expectReady } from '../../cli/bench/load/bring-up.ts'
import { Client, type ClientOwner } from '../../cli/bench/load/client.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import { OrderCheck } from '../../cli/bench/load/order-check.ts'
import { Publisher } from '../../cli/bench/load/publisher.ts'
import { StreamCheck } from '../../cli/bench/load/stream-check.ts'
import { Traffic } from '../../cli/bench/load/traffic.ts'
import type { Assignment, ExchangeLoad, Figures } from '../load.ts'
import { Flood } from './flood.ts'
import { idleClients } from './idle.ts'
import { Meter } from './meter.ts'
import { filtersOf, receiversOf, topicOf } from './topics.ts'

/** Between connecting and publishing. */
const settleMs = 300
/** Longer than any run: idle connections do not even ping. */
const idleKeepAliveS = 600

/** Publishers and subscribers together: a warm-up on the same connections, then the measured time. */
export async function exchange(load: ExchangeLoad, assignment: Assignment): Promise<Figures> {
  const { port, pid, warmUpMs, timeMs } = assignment
  const meter = new Meter(pid)
  const bringUp = new BringUp()
  const out = new OutBuffer()
  const receivers = receiversOf(load)
  const streams = new Map<number, StreamCheck>()
  const streamCount = load.shape === 'fan-in' || load.shape === 'fan-out' ? load.subscribers * load.publishers : 0
  const streamOf = (receiver: number, publisher: number): StreamCheck => {
    const key = streamCount === 0 ? publisher : receiver * load.publishers + publisher
    let stream = streams.get(key)
    if (stream === undefined) streams.set(key, (stream = new StreamCheck()))
    return stream
  }
  const owner: ClientOwner = {
    settled: () => bringUp.settled(),
    received: (client, bytes, at, end) => traffic.onReceived(client, bytes, at, end),
    acknowledged: (client, packetId) => traffic.onAcknowledged(client, packetId),
  }
  // Self-signed and of no interest here.
  const tls = { rejectUnauthorized: false }
  const options = { port, tls, transport: load.transport, version: load.version, keepAliveS: 0, qos: load.qos, out }
  const subscribers = Array.from({ length: load.subscribers }, (_, index) => {
    const clean = load.persistent !== true
    const aliases = load.aliases === true ? 8 : 0
    const filters = filtersOf(load, index)
    return new Client(index, { ...options, clientId: `b-s${index}`, clean, filters, aliases }, owner)
  })
  const publishers = Array.from({ length: load.publishers }, (_, index) => {
    const client = new Client(index, { ...options, clientId: `b-p${index}`, clean: true, filters: [] }, owner)
    return new Publisher(client, topicOf(load, index), { ...load, retain: false, receivers, out })
  })
  const idle = idleClients(load.idle ?? 0, { port, keepAliveS: idleKeepAliveS, out }, owner)
  const clients = [...idle, ...subscribers, ...publishers.map(({ client }) => client)]
  const order = new OrderCheck(load.subscribers, load.publishers)
  const traffic = new Traffic(publishers, {
    receivers,
    order,
    acknowledged: load.qos > 0,
    streamOf: (receiver, publisher) => streamOf(receiver.index, publisher),
  })

  await bringUp.open(idle)
  const setUpMs = await bringUp.open(subscribers)
  await bringUp.open(publishers.map(({ client }) => client))
  expectReady(clients)
  const flood =
    load.flood === undefined ? undefined : await Flood.start({ ...load, port, frozen: load.flood === 'frozen' })
  await new Promise(resolve => setTimeout(resolve, settleMs))
  const rate = load.rate === undefined ? {} : { rate: load.rate }
  if (warmUpMs > 0) await traffic.run({ timeMs: warmUpMs, ...rate })
  traffic.reset()
  for (const stream of streams.values()) stream.reset()

  flood?.reset()
  await meter.begin()
  const elapsedMs = await traffic.run({ timeMs, ...rate })
  const { cpuUs, generatorCpuUs, instructions } = await meter.end()
  const { sent, received, latency } = traffic
  const checks = [...streams.values()]
  return {
    deliveredPerS: (received / elapsedMs) * 1000,
    cpuUsPerMessage: cpuUs / received,
    ...(instructions === undefined ? {} : { instructionsPerMessage: instructions / received }),
    latencyP50Us: latency.quantileUs(0.5),
    latencyP95Us: latency.quantileUs(0.95),
    latencyP99Us: latency.quantileUs(0.99),
    latencyP999Us: latency.quantileUs(0.999),
    latencyMaxUs: latency.maxUs,
    sent,
    received,
    lost: sent * receivers - received,
    duplicated: checks.reduce((total, { duplicated }) => total + duplicated, 0),
    reordered: order.reordered,
    errors: traffic.errors + clients.reduce((total, { errors }) => total + errors, 0),
    ...flood?.figures(elapsedMs),
    closed: clients.filter(({ state }) => state !== 'ready').length,
    setUpMs,
    brokerCpuPercent: cpuUs / elapsedMs / 10,
    generatorCpuPercent: generatorCpuUs / elapsedMs / 10,
    peakRssBytes: meter.peakRssBytes(),
  }
}
