import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { Version } from '../support/wire.ts'
import { count, type House, openHouse } from './house.ts'
import { PacketGrammar } from './mutations.ts'

/** Of each version: over TCP on memory; a fifth of them over WebSocket on files. More: FUZZ_SEEDS. */
const seeds = Number(process.env.FUZZ_SEEDS ?? 100)

describe.each([
  ['tcp', 'memory', seeds],
  ['ws', 'file', Math.ceil(seeds / 5)],
] as const)('over %s with %s storage', (transport, storage, rounds) => {
  const thrown: unknown[] = []
  const catcher = (error: unknown) => {
    thrown.push(error)
  }
  let house: House

  beforeAll(async () => {
    process.on('uncaughtException', catcher)
    process.on('unhandledRejection', catcher)
    const ignore = () => {}
    // What is logged as an error is the broker's own, not a client's.
    const error = (fields: object, message: string) => void thrown.push([message, fields])
    house = await openHouse({
      time: 'manual',
      storage,
      kernel: { limits: { sessionExpiryMs: 1 }, logger: { debug: ignore, info: ignore, warn: ignore, error } },
    })
  })
  afterAll(async () => {
    process.off('uncaughtException', catcher)
    process.off('unhandledRejection', catcher)
    await house[Symbol.asyncDispose]()
  })

  test.each([3, 4, 5] as const)(
    'two clients of level %i whose packets are mutilated harm nobody, throw nothing and leave nothing [hostile 56]',
    async version => {
      for (let seed = 1; seed <= rounds; seed++) {
        try {
          await attack(version, seed)
        } catch (error) {
          throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
        }
      }
      await settle()
      await house.intact({ retained_messages: undefined, retained_bytes: undefined })
    },
    120_000,
  )

  /** One sends, one subscribes; both begin well, and both go astray. */
  async function attack(version: Version, seed: number): Promise<void> {
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
    await settle()
    expect(thrown).toEqual([])
    expect(count(house.kernel, 'net_connections_failed')).toBe(0)
    // Some of what they published is retained, and rightly so; a delayed message may be on its way to the disk.
    const theirs = ['retained_messages', 'retained_bytes', 'delayed_messages', 'delayed_bytes', 'spool_references']
    await house.intact(Object.fromEntries(theirs.map(name => [name, undefined])))
  }

  /** Sessions of guests, their wills and delayed messages fall due, also those that are being stored just now. */
  async function settle(): Promise<void> {
    const busy = () =>
      ['delayed_messages', 'spool_references'].some(name => count(house.kernel, name) > 0) ||
      count(house.kernel, 'sessions') > 2
    await house.until(() => count(house.kernel, 'sessions_connected') === 2)
    for (let round = 0; round < 100 && (round === 0 || busy()); round++) {
      await house.broker.clock.advance(2_000)
      await house.until(() => !busy(), 20)
    }
  }
})
