import type { Assignment, ExchangeLoad, Figures } from '../load.ts'
import { BringUp, expectReady } from './bring-up.ts'
import { Client, type ClientOwner } from './client.ts'
import { OutBuffer } from './link.ts'
import { Meter } from './meter.ts'
import { Publisher } from './publisher.ts'
import { StreamCheck } from './stream-check.ts'
import { filtersOf, receiversOf, topicOf } from './topics.ts'
import { Traffic } from './traffic.ts'

/** Between connecting and publishing. */
const settleMs = 300

/** Publishers and subscribers together: a warm-up on the same connections, then the measured time. */
export async function exchange(load: ExchangeLoad, assignment: Assignment): Promise<Figures> {
  const { port, pids, warmUpMs, timeMs } = assignment
  const meter = new Meter(pids)
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
    acknowledged: client => traffic.onAcknowledged(client),
  }
  const options = { port, transport: load.transport, version: load.version, keepAliveS: 0, qos: load.qos, out }
  const subscribers = Array.from({ length: load.subscribers }, (_, index) => {
    const clean = load.persistent !== true
    return new Client(index, { ...options, clientId: `b-s${index}`, clean, filters: filtersOf(load, index) }, owner)
  })
  const publishers = Array.from({ length: load.publishers }, (_, index) => {
    const client = new Client(index, { ...options, clientId: `b-p${index}`, clean: true, filters: [] }, owner)
    return new Publisher(client, topicOf(load, index), { ...load, retain: false, receivers, out })
  })
  const clients = [...subscribers, ...publishers.map(({ client }) => client)]
  const traffic = new Traffic(publishers, {
    receivers,
    acknowledged: load.qos > 0,
    streamOf: (receiver, publisher) => streamOf(receiver.index, publisher),
  })

  const setUpMs = await bringUp.open(subscribers)
  await bringUp.open(publishers.map(({ client }) => client))
  expectReady(clients)
  await new Promise(resolve => setTimeout(resolve, settleMs))
  const rate = load.rate === undefined ? {} : { rate: load.rate }
  if (warmUpMs > 0) await traffic.run({ timeMs: warmUpMs, ...rate })
  traffic.reset()
  for (const stream of streams.values()) stream.reset()

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
    reordered: checks.reduce((total, { reordered }) => total + reordered, 0),
    errors: traffic.errors + clients.reduce((total, { errors }) => total + errors, 0),
    closed: clients.filter(({ state }) => state !== 'ready').length,
    setUpMs,
    brokerCpuPercent: cpuUs / elapsedMs / 10,
    generatorCpuPercent: generatorCpuUs / elapsedMs / 10,
    peakRssBytes: meter.peakRssBytes(),
  }
}
