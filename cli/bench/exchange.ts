import { BringUp, expectReady } from './load/bring-up.ts'
import type { ClientOwner } from './load/client.ts'
import { OutBuffer } from './load/link.ts'
import { OrderCheck } from './load/order-check.ts'
import { Publisher } from './load/publisher.ts'
import { StreamCheck } from './load/stream-check.ts'
import { Traffic } from './load/traffic.ts'
import {
  clientsOf,
  closedOf,
  everyQuarterSecond,
  latencies,
  leave,
  noLatencies,
  rounded,
  ToolCpu,
  wireOf,
} from './measures.ts'
import type { BenchFigures, BenchPlan, Progress } from './plan.ts'

/** Publishers, and subscribers of theirs where there are any: a warm-up on the same connections, then what is measured. */
export async function exchange(plan: BenchPlan, progress: Progress): Promise<BenchFigures> {
  const { kind, clients: count, qos, payloadBytes, window, rate, seconds, warmUpSeconds, concurrency, version } = plan
  const root = `bench/${process.pid}`
  const fanOut = kind === 'fan-out'
  const counts = { publishers: fanOut ? 1 : count, subscribers: kind === 'pub' ? 0 : count }
  /** Where nobody receives, what can be timed is the answer to the publisher. */
  const timed = kind === 'pub' && qos > 0
  const receivers = fanOut ? count : Math.min(1, counts.subscribers)
  const out = new OutBuffer()
  const bringUp = new BringUp()
  const owner: ClientOwner = {
    settled: () => bringUp.settled(),
    received: (client, bytes, at, end) => traffic.onReceived(client, bytes, at, end),
    acknowledged: (client, packetId) => traffic.onAcknowledged(client, packetId),
  }
  const wire = wireOf(plan, out)
  const topicOf = (index: number) => (fanOut ? `${root}/all` : `${root}/${index}`)
  const subscribers = clientsOf(counts.subscribers, wire, { name: 's', filtersOf: index => [topicOf(index)], owner })
  const publishers = clientsOf(counts.publishers, wire, { name: 'p', filtersOf: () => [], owner }).map(client => {
    const topic = topicOf(client.index)
    return new Publisher(client, () => topic, {
      version,
      qos,
      payloadBytes,
      window,
      retain: false,
      receivers,
      timed,
      out,
    })
  })
  // One to each receiver: of a pair the receiver's number is the publisher's.
  const streams = subscribers.map(() => new StreamCheck())
  const order = new OrderCheck(counts.subscribers, counts.publishers)
  const traffic: Traffic = new Traffic(publishers, {
    receivers,
    order,
    acknowledged: qos > 0,
    streamOf: receiver => streams[receiver.index],
  })
  const clients = [...subscribers, ...publishers.map(({ client }) => client)]
  progress(0, `connecting ${clients.length} clients`)
  await bringUp.open(clients, concurrency)
  expectReady(clients)
  const paced = rate === undefined ? {} : { rate }
  if (warmUpSeconds > 0) await traffic.run({ timeMs: warmUpSeconds * 1_000, ...paced })
  traffic.reset()
  for (const stream of streams) stream.reset()

  const began = performance.now()
  const end = everyQuarterSecond(() => {
    const elapsed = (performance.now() - began) / 1_000
    const done = receivers > 0 ? traffic.received : traffic.sent
    progress(elapsed / seconds, `${Math.round(done / elapsed)} messages/s`)
  })
  const cpu = new ToolCpu()
  const elapsedMs = await traffic.run({ timeMs: seconds * 1_000, ...paced }).finally(end)
  const { sent, received, latency } = traffic
  const figures = {
    perSecond: rounded(((receivers > 0 ? received : sent) / elapsedMs) * 1_000),
    ...(receivers > 0 || timed ? latencies(latency) : noLatencies),
    sent,
    received,
    // Without receivers, what was not acknowledged.
    lost: receivers > 0 ? sent * receivers - received : qos > 0 ? sent - traffic.acknowledgedCount : 0,
    duplicated: streams.reduce((total, { duplicated }) => total + duplicated, 0),
    reordered: order.reordered,
    errors: traffic.errors + clients.reduce((total, { errors }) => total + errors, 0),
    closed: closedOf(clients),
    seconds: rounded(elapsedMs / 1_000),
    toolCpuPercent: cpu.percent,
  }
  leave(clients)
  return figures
}
