import { BringUp, expectReady } from '../../cli/bench/load/bring-up.ts'
import { Client, type ClientOwner } from '../../cli/bench/load/client.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import { subscribePacket, unsubscribePacket } from '../../cli/bench/load/packets.ts'
import type { Assignment, Figures, SubscriptionLoad } from '../load.ts'
import { Meter, type Reading } from './meter.ts'

/** Before memory is read. */
const settleMs = 1_000
/** Without any answer for this long the broker has given up. */
const stallMs = 20_000

interface Step extends Reading {
  readonly elapsedMs: number
}

/** Many distinct filters, half of them with a wildcard; then some are taken away and given back with all others in place. */
export async function subscriptions(load: SubscriptionLoad, { port, pid }: Assignment): Promise<Figures> {
  const { subscribers, filtersPerPacket } = load
  const meter = new Meter(pid)
  const bringUp = new BringUp()
  let answered: (client: Client) => void = () => {}
  const owner: ClientOwner = {
    settled: () => bringUp.settled(),
    received: () => {},
    acknowledged: () => {},
    answered: client => answered(client),
  }
  const wire = { port, transport: 'tcp', version: 4, clean: true, keepAliveS: 0, qos: 0, out: new OutBuffer() } as const
  const clients = Array.from(
    { length: subscribers },
    (_, index) => new Client(index, { ...wire, clientId: `b-s${index}`, filters: [] }, owner),
  )
  await bringUp.open(clients)
  expectReady(clients)

  /** Sends each client's filters from `from` to `to`, a window of packets at a time. */
  async function step(kind: 'subscribe' | 'unsubscribe', from: number, to: number): Promise<Step> {
    const next = clients.map(() => from)
    const send = (client: Client): void => {
      const begin = next[client.index] ?? to
      if (begin >= to) return
      const end = Math.min(begin + filtersPerPacket, to)
      next[client.index] = end
      const filters = Array.from({ length: end - begin }, (_, at) => filter(client.index, begin + at))
      client.request(kind === 'subscribe' ? subscribePacket(4, 1, filters, 0) : unsubscribePacket(4, 1, filters))
    }
    let missing = clients.length * Math.ceil((to - from) / filtersPerPacket)
    await meter.begin()
    const begin = performance.now()
    await new Promise<void>((resolve, reject) => {
      const stall = setTimeout(() => reject(new Error(`${missing} packets of filters were not answered`)), stallMs)
      answered = client => {
        stall.refresh()
        missing -= 1
        send(client)
        if (missing > 0) return
        clearTimeout(stall)
        resolve()
      }
      for (let packet = 0; packet < load.window; packet += 1) for (const client of clients) send(client)
    })
    const elapsedMs = performance.now() - begin
    return { elapsedMs, ...(await meter.end()) }
  }

  const each = Math.floor(load.filters / subscribers)
  const filters = each * subscribers
  const renewedEach = Math.floor(load.renewed / subscribers)
  const renewed = renewedEach * subscribers
  const emptyRssBytes = meter.rssBytes()
  const filled = await step('subscribe', 0, each)
  await new Promise(resolve => setTimeout(resolve, settleMs))
  const fullRssBytes = meter.rssBytes()
  const removed = await step('unsubscribe', 0, renewedEach)
  const added = await step('subscribe', 0, renewedEach)
  const perS = (count: number, { elapsedMs }: Step): number => (count / elapsedMs) * 1000
  return {
    filters,
    bytesPerSubscription: (fullRssBytes - emptyRssBytes) / filters,
    filledPerS: perS(filters, filled),
    fillCpuUs: filled.cpuUs / filters,
    unsubscribedPerS: perS(renewed, removed),
    unsubscribeCpuUs: removed.cpuUs / renewed,
    subscribedPerS: perS(renewed, added),
    subscribeCpuUs: added.cpuUs / renewed,
    generatorCpuPercent: (removed.generatorCpuUs + added.generatorCpuUs) / (removed.elapsedMs + added.elapsedMs) / 10,
    errors: clients.reduce((total, { errors }) => total + errors, 0),
    closed: clients.filter(({ state }) => state !== 'ready').length,
    peakRssBytes: meter.peakRssBytes(),
  }
}

function filter(client: number, index: number): string {
  return index % 2 === 0 ? `b/dev/${client}/${index}/cmd` : `b/dev/${client}/${index}/+`
}
