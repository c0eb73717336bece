import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { Version } from '../support/wire.ts'
import { count, type House, openHouse, transports } from './house.ts'
import { PacketGrammar } from './mutations.ts'

/** Of each version and transport. More: FUZZ_SEEDS. */
const seeds = Number(process.env.FUZZ_SEEDS ?? 100)

const thrown: unknown[] = []
const catcher = (error: unknown) => {
  thrown.push(error)
}
let house: House

beforeAll(async () => {
  process.on('uncaughtException', catcher)
  process.on('unhandledRejection', catcher)
  house = await openHouse({
    time: 'manual',
    kernel: {
      limits: { sessionExpiryMs: 1 },
      logger: {
        debug: () => {},
        info: () => {},
        warn: () => {},
        // An error of the broker's own, not of a client.
        error: (fields, message) => void thrown.push([message, fields]),
      },
    },
  })
})
afterAll(async () => {
  process.off('uncaughtException', catcher)
  process.off('unhandledRejection', catcher)
  await house[Symbol.asyncDispose]()
})

describe.each(transports)('over %s', transport => {
  test.each([3, 4, 5] as const)(
    'two clients of level %i whose packets are mutilated harm nobody, throw nothing and leave nothing [hostile 56]',
    async version => {
      for (let seed = 1; seed <= seeds; seed++) {
        try {
          await attack(transport, version, seed)
        } catch (error) {
          throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
        }
      }
    },
    120_000,
  )
})

/** One sends, one subscribes; both begin well, and both go astray. */
async function attack(transport: 'tcp' | 'ws', version: Version, seed: number): Promise<void> {
  const random = new Random(seed * 31 + version)
  const grammar = new PacketGrammar(random, version)
  const guests = await Promise.all(['one', 'two'].map(() => house.wire(transport, { version })))
  for (const [i, guest] of guests.entries()) {
    let packets = [
      grammar.connect(`fuzz-${i}`),
      ...Array.from({ length: random.integer(3, 25) }, () => grammar.packet()),
    ]
    for (let changes = random.integer(0, 4); changes > 0; changes--) packets = grammar.mutate(packets)
    const bytes = Buffer.concat(packets)
    const cut = random.integer(0, bytes.length)
    guest.sendRaw(bytes.subarray(0, cut))
    guest.sendRaw(bytes.subarray(cut))
  }
  // A healthy client's round trips give the broker its time with them.
  await house.until(() => guests.every(({ isClosed }) => isClosed), 20)
  for (const guest of guests) await guest[Symbol.asyncDispose]()
  await house.until(() => count(house.kernel, 'sessions_connected') === 2)
  // Sessions of guests, wills and delayed messages fall due.
  await house.broker.clock.advance(5_000)
  expect(thrown).toEqual([])
  expect(count(house.kernel, 'net_connections_failed')).toBe(0)
  // Some of what they published is retained, and rightly so.
  await house.intact({ retained_messages: undefined, retained_bytes: undefined })
}
