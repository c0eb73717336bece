import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { build } from '../support/build.ts'
import { type Balance, balanceOf } from './balance.ts'
import type { FloodName, Tally } from './floods.ts'
import { HealthyClients, type Latencies } from './healthy-clients.ts'
import { type Look, megabyte, ProbedServer } from './probed-server.ts'
import { RemoteFlood } from './remote-flood.ts'

/** `npm run test:overload` sets them: each flood alone as well, for longer, and with a verdict on latencies. */
const seconds = Number(process.env.SECONDS ?? 2)
const measured = process.env.SECONDS !== undefined

/** The short form has less to fill. */
const limitMegabytes = measured ? 256 : 160
const limitBytes = limitMegabytes * megabyte
/** What the process may have beyond its limit; half of it, when all have gone, beyond what it began with. */
const slackBytes = 64 * megabyte
const pairs = 10
/** How much later than without any other load a message of a healthy client may come, at the 99th percentile. */
const slowdown = 3

const subscribers = measured ? 1_000 : 100
const topics = measured ? 100_000 : 10_000
const sizes: Readonly<Record<FloodName, number>> = {
  overdriven: 4,
  frozen: subscribers,
  retained: topics,
  delayed: seconds + 5,
}

const alone: readonly (readonly [string, readonly FloodName[]])[] = [
  ['far more than ten times what subscribers drain', ['overdriven']],
  [`${subscribers} frozen subscribers`, ['frozen']],
  [`${topics} retained topics and ever more`, ['retained']],
  ['ever more messages for later', ['delayed']],
]
const together = ['all of it together', ['overdriven', 'frozen', 'retained', 'delayed']] as const

beforeAll(build)

describe.each(['file', 'memory'])(`with storage: %s and a limit of ${limitMegabytes} MB,`, type => {
  test.each([...(measured ? alone : []), together])(
    '%s',
    async (name, kinds) => {
      console.log(`${name}, storage: ${type}`)
      const server = await ProbedServer.start({
        storage: { type },
        limits: { memory: `${limitMegabytes}MB` },
        mqtt: { sysInterval: 0, clientEvents: false },
      })
      const begun = await server.collect()
      const floods: RemoteFlood[] = []
      const tallies: Tally[] = []
      for (const kind of kinds) {
        const flood = await RemoteFlood.start(kind, sizes[kind], server.port())
        floods.push(flood)
        tallies.push(...(await flood.prepare()))
      }
      const clients = await HealthyClients.start(server.port(), pairs)
      await clients.measure()
      await delay(seconds * 1_000)
      const idle = await clients.measure()
      tallies.push(...(await overload(server, floods)))
      const busy = await clients.measure()
      const flooded = await server.look()
      for (const flood of floods) await flood.drain()
      await server.until(({ numbers }) => numbers.delayed_messages === 0 && queuedIn(numbers) === 0)
      const streams = await clients.finish()
      for (const flood of floods) tallies.push(...(await flood.clear()))
      for (const flood of floods) await flood.end()
      const end = await server.until(({ numbers }) => numbers['net_connections tcp'] === 0 && numbers.sessions === 0)
      tallies.push({ sent: streams.reduce((sum, { sent }) => sum + sent, 0), fanOut: 1 })
      const balance = balanceOf(end, tallies)
      // What the first one frees outside the heap is counted as free by the second.
      await server.collect()
      const rest = await server.collect()
      const { mostBytes } = server.rss
      print({ balance, flooded, idle, busy, mostBytes, rest })

      expect(mostBytes).toBeLessThan(limitBytes + slackBytes)
      expect(balance.received).toBe(balance.sent)
      expect(balance.accounted).toBe(balance.owed)
      for (const { sent, acknowledged, came, disordered } of streams)
        expect([acknowledged, came, disordered]).toEqual([sent, sent, 0])
      for (const part of ['queues', 'output', 'input', 'retained', 'delayed'])
        expect(end.numbers[`memory_bytes ${part}`], part).toBe(0)
      expect(heldIn(rest)).toBeLessThan(heldIn(begun) + slackBytes / 2)
      expect(server.process.lines.filter(({ level }) => level === 'error')).toEqual([])
      expect(await server.stop()).toBe(0)
      if (measured) expect(busy.p99Ms).toBeLessThan(slowdown * idle.p99Ms)
    },
    600_000,
  )
})

/** Lasts until all is full that can be; resolves when the broker has taken all that was sent. */
async function overload(server: ProbedServer, floods: readonly RemoteFlood[]): Promise<Tally[]> {
  const running = Promise.all(floods.map(flood => flood.run()))
  const full = (look: Look) => floods.every(flood => flood.full(look))
  await Promise.race([delay(seconds * 1_000).then(() => server.until(full)), running])
  for (const flood of floods) await flood.stop()
  return (await running).flat()
}

/** What the program holds; how much of the system's memory its allocators keep for the next time is their business. */
function heldIn({ memory }: Look): number {
  return memory.heapUsed + memory.external
}

function queuedIn(numbers: Look['numbers']): number | undefined {
  return numbers.queued_messages
}

function print(seen: {
  readonly balance: Balance
  readonly flooded: Look
  readonly idle: Latencies
  readonly busy: Latencies
  readonly mostBytes: number
  readonly rest: Look
}): void {
  const { balance, flooded, idle, busy, mostBytes, rest } = seen
  const parts = ['queues', 'output', 'input', 'retained', 'delayed', 'others'].map(
    part => `${part} ${mib(flooded.numbers[`memory_bytes ${part}`] ?? 0)}`,
  )
  const dropped = Object.entries(balance.dropped).map(([reason, count]) => `${reason} ${count}`)
  console.log(`  published ${balance.sent}, refused ${balance.refused}, owed ${balance.owed}`)
  console.log(`  delivered ${balance.delivered}, dropped: ${dropped.join(', ')}`)
  console.log(`  publishers waited ${flooded.numbers.publishes_delayed ?? 0} times; in memory: ${parts.join(', ')}`)
  console.log(
    `  RSS at most ${mib(mostBytes)}, in the end ${mib(rest.memory.rss)}, of which ${mib(heldIn(rest))} are held`,
  )
  console.log(
    `  healthy clients, p50 and p99: idle ${idle.p50Ms} and ${idle.p99Ms} ms, now ${busy.p50Ms} and ${busy.p99Ms} ms`,
  )
}

function mib(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MiB`
}
