import { expect, test } from 'vitest'
import type { Change, Expectation, Log, Storage, Table } from '../../kernel/plugin.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { Random } from '../support/random.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { quietHost } from '../support/storage-host.ts'
import { unsynced } from '../support/unsynced-disk.ts'

const seeds = Number(process.env.CRASH_SEEDS ?? 300)
const crashesPerSeed = 3

test(`nothing acknowledged is lost and nothing is invented, through ${seeds} seeds of ${crashesPerSeed} losses of power`, async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await crashRepeatedly(seed, 'honest')
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
}, 120_000)

test('the same check finds the loss when nothing is synced', async () => {
  let found = 0
  for (let seed = 1; seed <= 30; seed++) await crashRepeatedly(seed, 'lying').catch(() => found++)
  expect(found).toBeGreaterThan(25)
})

test(`what a full disk refused stays refused and what it took stays taken, through ${seeds} losses of power`, async () => {
  let refused = 0
  for (let seed = 1; seed <= seeds; seed++) refused += await fillAndCrash(seed)
  expect(refused).toBeGreaterThan(seeds)
}, 120_000)

test('what a start finds after a kill is still there after a loss of power', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimulatedDisk(seed)
    const log = await (await open(disk, 'honest')).log('log')
    // Written, and killed before it is synced.
    disk.operationsLeft = 1
    await untilDeath(disk, log.append([Buffer.from('found')]))
    const killed = disk.crash('process')
    expect((await (await open(killed, 'honest')).log('log')).next).toBe(1)
    expect((await (await open(killed.crash('power'), 'honest')).log('log')).next, `seed ${seed}`).toBe(1)
  }
})

/** Appends one at a time to a disk that is now full and now not, cuts the power, and compares. */
async function fillAndCrash(seed: number): Promise<number> {
  const random = new Random(seed)
  const disk = new SimulatedDisk(seed)
  const taken: string[] = []
  let asked: string | undefined
  let refused = 0
  const append = async () => {
    const log = await (await open(disk, 'honest')).log('log')
    for (let serial = 0; !disk.dead; serial++) {
      disk.capacity = random.chance(0.4)
        ? disk.used + random.integer(0, random.chance(0.5) ? 23 : 2_000)
        : Number.POSITIVE_INFINITY
      asked = `${serial}:`.padEnd(random.integer(10, 3_000), '.')
      const outcome = await log.append([Buffer.from(asked)]).catch((error: unknown) => error)
      if (isBrokerError(outcome, 'STORAGE_FULL')) refused++
      else {
        expect(outcome).toBe(taken.length)
        taken.push(asked)
      }
      asked = undefined
    }
  }
  disk.operationsLeft = random.integer(10, 200)
  await untilDeath(disk, append())
  const storage = await open(disk.crash(), 'honest')
  const log = await storage.log('log')
  const { records } = await log.read(0, { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER })
  const found = records.map(record => Buffer.from(record).toString())
  expect(found.slice(0, taken.length), `seed ${seed}`).toEqual(taken)
  // Only the append that the crash interrupted may be there or not.
  if (found.length > taken.length) expect(found.slice(taken.length), `seed ${seed}`).toEqual([asked])
  await storage.close()
  return refused
}

async function crashRepeatedly(seed: number, kind: 'honest' | 'lying'): Promise<void> {
  const random = new Random(seed)
  const log = new LogModel()
  const table = new TableModel()
  let disk = new SimulatedDisk(seed)
  for (let crash = 0; crash < crashesPerSeed; crash++) {
    disk.operationsLeft = random.chance(0.2) ? random.integer(0, 20) : random.integer(20, 400)
    await untilDeath(disk, work(disk, { log, table, random, kind }))
    disk = disk.crash()
  }
  const storage = await open(disk, kind)
  await log.check(await storage.log('log'))
  await table.check(await storage.table('table'))
  await storage.close()
}

/** The work ends by the death of its disk, or by an error that is then the test's. */
async function untilDeath(disk: SimulatedDisk, work: Promise<unknown>): Promise<void> {
  await Promise.race([disk.died, work])
  // What was acknowledged before the death is entered in the models.
  await new Promise(resolve => setImmediate(resolve))
}

async function work(
  disk: SimulatedDisk,
  options: { log: LogModel; table: TableModel; random: Random; kind: 'honest' | 'lying' },
): Promise<void> {
  const { random } = options
  const storage = await open(disk, options.kind)
  const log = await storage.log('log')
  const table = await storage.table('table')
  await options.log.check(log)
  await options.table.check(table)
  while (!disk.dead) {
    const begun: Promise<unknown>[] = []
    for (let i = random.integer(1, 12); i > 0; i--) {
      if (random.chance(0.05)) begun.push(options.log.trim(log, random))
      else if (random.chance(0.5)) begun.push(options.log.append(log, random))
      else begun.push(options.table.write(table, random))
      if (random.chance(0.2)) await new Promise(resolve => setImmediate(resolve))
      if (disk.dead) return
    }
    // Often without waiting for all, so that the next ones meet a commit under way.
    if (random.chance(0.7)) await Promise.all(begun)
    else await Promise.race(begun)
  }
}

function open(disk: SimulatedDisk, kind: 'honest' | 'lying'): Promise<Storage> {
  const options = { directory: '/data', segment: 8_192, batch: 4_096, snapshot: 4_096 }
  return fileOn(kind === 'lying' ? unsynced(disk) : disk).open(quietHost(), options)
}

/** What was asked of a log, and how much of it was acknowledged. */
class LogModel {
  #records: string[] = []
  /** Offsets at which an append ends. */
  #ends = new Set([0])
  #acknowledged = 0
  #trimmed = 0
  #serial = 0

  async append(log: Log, random: Random): Promise<void> {
    const records = Array.from({ length: random.integer(1, 4) }, () => {
      const serial = `${this.#serial++}:`
      return serial.padEnd(random.chance(0.1) ? random.integer(10, 3_000) : random.integer(10, 200), '.')
    })
    const offset = this.#records.length
    this.#records.push(...records)
    this.#ends.add(this.#records.length)
    const end = this.#records.length
    expect(await log.append(records.map(record => Buffer.from(record)))).toBe(offset)
    this.#acknowledged = Math.max(this.#acknowledged, end)
  }

  async trim(log: Log, random: Random): Promise<void> {
    this.#trimmed = Math.max(this.#trimmed, random.integer(0, this.#acknowledged))
    await log.trim(this.#trimmed)
  }

  /** Holds the log against the model, then forgets what was never acknowledged and is gone. */
  async check(log: Log): Promise<void> {
    if (log.next < this.#acknowledged) throw new Error(`lost records ${log.next} to ${this.#acknowledged - 1}`)
    if (!this.#ends.has(log.next)) throw new Error(`offset ${log.next} is in the middle of an append`)
    if (log.first > this.#trimmed) throw new Error(`lost records ${this.#trimmed} to ${log.first - 1}`)
    const limit = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
    const { offset, records } = await log.read(log.first, limit)
    if (offset !== log.first || records.length !== log.next - log.first) throw new Error('not all records can be read')
    for (const [index, record] of records.entries()) {
      if (Buffer.from(record).toString() !== this.#records[offset + index]) {
        throw new Error(`record ${offset + index} is not what was appended`)
      }
    }
    this.#records.length = log.next
    this.#acknowledged = log.next
    for (const end of this.#ends) if (end > log.next) this.#ends.delete(end)
  }
}

/** What was asked of a table, write by write. */
class TableModel {
  /** Index: revision less 1. */
  #writes: (readonly Change[])[] = []
  #acknowledged = 0
  /** The state after all writes asked for: a key's value and revision. */
  #ahead = new Map<string, { value: string; revision: number }>()

  async write(table: Table, random: Random): Promise<void> {
    const key = () => `key-${random.integer(0, 30)}`
    const id = this.#writes.length + 1
    const changes = Array.from({ length: random.integer(0, 4) }, (): Change => {
      const value = random.chance(0.2) ? undefined : Buffer.from(`${id}`.padEnd(random.integer(4, 100)))
      return value === undefined ? { key: key(), value } : { key: key(), value }
    })
    // By this row alone it can be told which writes are there.
    changes.push({ key: 'last', value: Buffer.from(`${id}`) })
    const watched = key()
    const right = this.#ahead.get(watched)?.revision
    const wrong = random.chance(0.1)
    const expectations: Expectation[] =
      random.chance(0.3) || wrong ? [{ key: watched, revision: wrong ? id + 1 : right }] : []
    if (wrong) {
      const outcome = await table.write(changes, expectations).catch((error: unknown) => error)
      expect(isBrokerError(outcome, 'CONFLICT')).toBe(true)
      return
    }
    this.#writes.push(changes)
    apply(this.#ahead, changes, id)
    expect(await table.write(changes, expectations)).toBe(id)
    this.#acknowledged = Math.max(this.#acknowledged, id)
  }

  /** Holds the table against the model, then forgets what was never acknowledged and is gone. */
  async check(table: Table): Promise<void> {
    const found = new Map<string, { value: string; revision: number }>()
    let before = ''
    for await (const row of table.range('')) {
      if (row.key < before) throw new Error('rows are out of order')
      before = row.key
      found.set(row.key, { value: Buffer.from(row.value).toString(), revision: row.revision })
    }
    const kept = found.get('last')?.revision ?? 0
    if (kept < this.#acknowledged) throw new Error(`lost writes ${kept + 1} to ${this.#acknowledged}`)
    if (kept > this.#writes.length) throw new Error(`${kept - this.#writes.length} writes were invented`)
    this.#writes.length = kept
    this.#ahead.clear()
    for (const [index, changes] of this.#writes.entries()) apply(this.#ahead, changes, index + 1)
    expect(found).toEqual(this.#ahead)
    this.#acknowledged = kept
  }
}

function apply(
  state: Map<string, { value: string; revision: number }>,
  changes: readonly Change[],
  revision: number,
): void {
  for (const { key, value } of changes) {
    if (value === undefined) state.delete(key)
    else state.set(key, { value: Buffer.from(value).toString(), revision })
  }
}
