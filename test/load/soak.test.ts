import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { testFolder } from '../server/support/config.ts'
import { build } from '../support/build.ts'
import { certificates } from '../support/certificates.ts'
import { Random } from '../support/random.ts'
import { megabyte, ProbedServer, type Remains } from './probed-server.ts'
import { type Tally, Visitor } from './visitor.ts'

/** `npm run test:soak` lasts; without MINUTES it is too short for memory to be judged, and the rest is. */
const minutes = Number(process.env.MINUTES ?? 0.1)
const judged = process.env.MINUTES !== undefined
const seed = Number(process.env.SEED ?? 1)
const crowd = Number(process.env.CLIENTS ?? 20)
const pauseMs = 500
/** Memory is compared from here on: ten minutes of an hour, two of five minutes. */
const markMinutes = minutes >= 30 ? 10 : minutes * 0.4
const sampleMs = 1_000

/** What the server does now and then for itself (a window of its log, what it owes the disk) has ended within that time. */
const settleMs = 30_000

/** Work that is going on, whoever is there: the disk is asked, a turn of the event loop is to come. */
const ofTheMoment = ['FSReqPromise', 'Immediate']

/** A moment's memory is where the garbage collector happens to be: each is the median of this part of the whole. */
const windowPart = 0.1

interface Sample {
  readonly minutes: number
  readonly rssBytes: number
  readonly openFiles: number
}

let samples: readonly Sample[] = []
let before: Remains | undefined
let after: Remains | undefined
let complaints: readonly string[] = []

beforeAll(build)

test(
  `${crowd} places of a crowd come and go for ${minutes} minutes, and the server ends well`,
  async () => {
    const { ca, cert, key } = await certificates()
    const files = testFolder({ 'server.pem': cert, 'server.key': key })
    const tls = { cert: `${files}/server.pem`, key: `${files}/server.key` }
    const listener = (transport: string) => ({ transport, host: '127.0.0.1', port: 0 })
    const listeners = { tls: listener('tls'), ws: listener('ws'), wss: listener('wss') }
    const limits = { sessionExpiry: '10s', queueMessages: 500 }
    const server = await ProbedServer.start({ tls, listeners, limits, mqtt: { sysInterval: '1s' } })
    const door = {
      ca,
      ports: { tcp: server.port(), tls: server.port('tls'), ws: server.port('ws'), wss: server.port('wss') },
    }
    console.log(`seed ${seed}, ${crowd} places, ${minutes} minutes, Node ${process.version}`)
    const tally: Tally = {}
    const random = new Random(seed)
    const visitor = () => new Visitor(new Random(random.integer(0, 2 ** 31)), door, tally)
    before = await restOf(server, AbortSignal.abort(), visitor())
    const stop = new AbortController()
    const staying = Array.from({ length: crowd }, () => visitor().stay(stop.signal, pauseMs))
    const failed = Promise.all(staying)
    samples = await Promise.race([watch(server), failed.then(() => [])])
    stop.abort()
    await failed
    after = await restOf(server, stop.signal, visitor(), before)
    complaints = complaintsOf(server)
    const figures = Object.entries(tally).sort(([a], [b]) => a.localeCompare(b))
    console.log(figures.map(([what, times]) => `${what}: ${times}`).join(', '))
    expect(tally.delivered).toBeGreaterThan(crowd)
    expect(await server.stop()).toBe(0)
  },
  (minutes + 2) * 60_000,
)

test('nobody was closed for a mistake, and nothing was logged as one', () => {
  expect(complaints).toEqual([])
})

test('open files are as many at the end as at the mark', () => {
  const [mark, end] = [median('openFiles', markMinutes), median('openFiles', minutes)]
  console.log(`open files: ${mark} at ${markMinutes.toFixed(1)} minutes, ${end} at the end`)
  expect(Math.abs(end - mark)).toBeLessThan(crowd)
})

test('when the clients have gone, no socket, timer or listener is left of them', () => {
  expect(more(after, before)).toEqual([])
  expect(after?.listeners).toEqual(before?.listeners)
})

const memoryKept = () => {
  const [mark, end] = [median('rssBytes', markMinutes), median('rssBytes', minutes)]
  const inMegabytes = (bytes: number) => `${(bytes / megabyte).toFixed(1)} MiB`
  console.log(`RSS: ${inMegabytes(mark)} at ${markMinutes.toFixed(1)} minutes, ${inMegabytes(end)} at the end`)
  console.log(
    `heap when all have gone: ${inMegabytes(after?.heapBytes ?? 0)}; before: ${inMegabytes(before?.heapBytes ?? 0)}`,
  )
  expect(end).toBeLessThan(mark * 1.1)
}

if (judged) test('memory at the end is within a tenth of what it was at the mark', memoryKept)

/** What a server holds when nobody is there, but after somebody was: what is made at its first use is made by then. */
async function restOf(server: ProbedServer, signal: AbortSignal, first: Visitor, earlier?: Remains): Promise<Remains> {
  await first.stay(signal, 0)
  const settled = performance.now() + settleMs
  for (;;) {
    await server.until(
      ({ numbers }) => numbers.sessions === 0 && numbers.delayed_messages === 0 && numbers['net_connections tcp'] === 0,
    )
    const rest = await server.count()
    const settledNow = !ofTheMoment.some(kind => kind in rest.resources) && more(rest, earlier ?? rest).length === 0
    // What a client left behind does not go by waiting.
    if (settledNow || performance.now() > settled) return rest
  }
}

/** The kinds of object, and of what keeps the event loop alive, of which there are more than there were. */
function more(now: Remains | undefined, earlier: Remains | undefined): readonly string[] {
  if (!now || !earlier) return ['nothing was counted']
  return [grown(now.objects, earlier.objects), grown(now.resources, earlier.resources)].flat()
}

function grown(now: Readonly<Record<string, number>>, earlier: Readonly<Record<string, number>>): readonly string[] {
  const kinds = Object.entries(now).filter(([kind, count]) => count > (earlier[kind] ?? 0))
  return kinds.map(([kind, count]) => `${kind}: ${earlier[kind] ?? 0} before, ${count} after`)
}

async function watch(server: ProbedServer): Promise<Sample[]> {
  const taken: Sample[] = []
  const begun = performance.now()
  for (;;) {
    const elapsed = (performance.now() - begun) / 60_000
    taken.push({ minutes: elapsed, rssBytes: server.rss.nowBytes, openFiles: server.openFiles })
    if (process.env.SOAK_LOG !== undefined) writeFileSync(process.env.SOAK_LOG, JSON.stringify(taken))
    if (elapsed >= minutes) return taken
    await delay(sampleMs)
  }
}

/** Of the samples up to that minute. */
function median(what: 'rssBytes' | 'openFiles', upToMinutes: number): number {
  const from = upToMinutes - minutes * windowPart
  const values = samples.filter(sample => sample.minutes >= from && sample.minutes <= upToMinutes + 0.05)
  const sorted = values.map(sample => sample[what]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Log lines that say more than that clients came and went. */
function complaintsOf({ process: { lines, stderr } }: ProbedServer): string[] {
  return [...lines.map(line => JSON.stringify(line)), ...(stderr === '' ? [] : [stderr])]
}
