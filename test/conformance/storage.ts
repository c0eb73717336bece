import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change, Log, Row, Storage, Table } from '../../kernel/plugin.ts'
import { isBrokerError } from '../../kernel/plugin.ts'

/** One medium that a storage plugin is opened on, as often as a test likes. */
export interface StorageMedium {
  /** Opens the storage on what earlier openings left; the one before is closed by then. */
  open(): Promise<Storage>
  /** Throws the medium away. */
  remove(): Promise<void>
}

const everything = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

/**
 * What every storage plugin promises. Call it once from a test file; `medium` makes a fresh, empty medium. What only
 * durable storage can promise is tested when `durable` says so.
 */
export function storageSuite(name: string, options: { durable: boolean; medium: () => Promise<StorageMedium> }): void {
  describe(`${name} keeps the contract of storage`, () => {
    let medium: StorageMedium
    let storage: Storage

    beforeEach(async () => {
      medium = await options.medium()
      storage = await medium.open()
    })

    afterEach(async () => {
      await storage.close()
      await medium.remove()
    })

    test('says whether it is durable', () => {
      expect(storage.durable).toBe(options.durable)
    })

    test('opening a name twice gives the same object, also while it is being opened', async () => {
      const [a, b] = await Promise.all([storage.log('a'), storage.log('a')])
      expect(a).toBe(b)
      expect(await storage.log('a')).toBe(a)
      expect(await storage.table('a')).toBe(await storage.table('a'))
    })

    test('names do not share anything, nor do a log and a table of one name', async () => {
      const a = await storage.log('a')
      const b = await storage.log('b')
      await a.append([bytes('one')])
      await (await storage.table('a')).write([{ key: 'k', value: bytes('row') }])
      expect([a.next, b.next]).toEqual([1, 0])
      expect(await (await storage.table('b')).get('k')).toBeUndefined()
    })

    test('usage counts what is kept', async () => {
      const before = (await storage.usage()).usedBytes
      await (await storage.log('a')).append([new Uint8Array(10_000)])
      expect((await storage.usage()).usedBytes).toBeGreaterThanOrEqual(before + 10_000)
    })

    test('what comes after close is refused', async () => {
      const log = await storage.log('a')
      const table = await storage.table('t')
      await storage.close()
      await expect(log.append([bytes('late')])).rejects.toSatisfy(error => isBrokerError(error, 'CLOSED'))
      await expect(table.write([])).rejects.toSatisfy(error => isBrokerError(error, 'CLOSED'))
      storage = await medium.open()
    })

    logSuite(() => storage)
    tableSuite(() => storage)
    if (options.durable) {
      durableSuite(
        () => storage,
        async () => {
          await storage.close()
          storage = await medium.open()
        },
      )
    }
  })
}

function logSuite(storage: () => Storage): void {
  describe('a log', () => {
    let log: Log
    beforeEach(async () => {
      log = await storage().log('log')
    })

    test('begins empty at offset 0', async () => {
      expect([log.first, log.next]).toEqual([0, 0])
      expect(await log.read(0, everything)).toEqual({ offset: 0, records: [] })
    })

    test('gives records back in the order of the append calls, each at its offset', async () => {
      const offsets = await Promise.all([
        log.append([bytes('a'), bytes('b')]),
        log.append([bytes('c')]),
        log.append([bytes('d'), bytes('e'), bytes('f')]),
      ])
      expect(offsets).toEqual([0, 2, 3])
      expect(log.next).toBe(6)
      expect(await texts(log, 0)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      expect(await texts(log, 4)).toEqual(['e', 'f'])
    })

    test('an append of nothing resolves after the appends before it and takes no offset', async () => {
      const order: string[] = []
      const one = log.append([bytes('a')]).then(() => order.push('one'))
      const nothing = log.append([]).then(offset => order.push(`nothing at ${offset}`))
      await Promise.all([one, nothing])
      expect(order).toEqual(['one', 'nothing at 1'])
      expect(await log.append([bytes('b')])).toBe(1)
    })

    test('empty and large records come back as they were', async () => {
      const records = [new Uint8Array(0), randomBytes(5_000_000), new Uint8Array(0), randomBytes(70_000)]
      await log.append(records)
      const { records: read } = await log.read(0, everything)
      expect(read.map(record => Buffer.compare(record, records[read.indexOf(record)]!))).toEqual([0, 0, 0, 0])
    })

    test('the bytes may be used again as soon as append returned', async () => {
      const shared = bytes('first')
      const appended = log.append([shared])
      shared.fill(0)
      await appended
      expect(await texts(log, 0)).toEqual(['first'])
    })

    test('next counts only what is durable, and a resolved append is readable', async () => {
      const appended = log.append([bytes('a')])
      if (storage().durable) expect(log.next).toBe(0)
      expect(await appended).toBe(0)
      expect(log.next).toBe(1)
      expect(await texts(log, 0)).toEqual(['a'])
    })

    test('a read stops at the number of records', async () => {
      await log.append(['a', 'b', 'c', 'd'].map(bytes))
      const { offset, records } = await log.read(1, { records: 2, bytes: 1_000 })
      expect([offset, records.map(text)]).toEqual([1, ['b', 'c']])
    })

    test('a read stops after the record that reaches the number of bytes, but returns at least one', async () => {
      await log.append(['aaaa', 'bbbb', 'cccc', 'dddd'].map(bytes))
      expect((await log.read(0, { records: 10, bytes: 8 })).records.map(text)).toEqual(['aaaa', 'bbbb'])
      expect((await log.read(0, { records: 10, bytes: 9 })).records.map(text)).toEqual(['aaaa', 'bbbb', 'cccc'])
      expect((await log.read(2, { records: 10, bytes: 1 })).records.map(text)).toEqual(['cccc'])
      expect((await log.read(2, { records: 10, bytes: 0 })).records.map(text)).toEqual(['cccc'])
    })

    test('a read at or after the end is empty', async () => {
      await log.append([bytes('a')])
      expect((await log.read(1, everything)).records).toEqual([])
      expect((await log.read(7, everything)).records).toEqual([])
    })

    test('trim keeps everything from its offset on, and never uses an offset again', async () => {
      await log.append(['a', 'b', 'c'].map(bytes))
      await log.trim(2)
      expect(log.first).toBeLessThanOrEqual(2)
      expect(await texts(log, 2)).toEqual(['c'])
      await log.trim(3)
      expect(await log.append([bytes('d')])).toBe(3)
      expect(await texts(log, 3)).toEqual(['d'])
    })

    test('a read before the first record kept begins with the first one', async () => {
      await log.append(['a', 'b', 'c'].map(bytes))
      await log.trim(2)
      const { offset, records } = await log.read(0, everything)
      expect(offset).toBe(log.first)
      expect(records.map(text)).toEqual(['a', 'b', 'c'].slice(log.first))
    })

    test('trimming beyond the end forgets nothing that comes later', async () => {
      await log.append([bytes('a')])
      await log.trim(100)
      expect(await log.append([bytes('b')])).toBe(1)
      expect(await texts(log, 1)).toEqual(['b'])
    })

    test('any mix of appends, reads and trims agrees with an array', async () => {
      const step = fc.oneof(
        fc.record({ append: fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 8 }) }),
        fc.record({ read: fc.nat(300), records: fc.integer({ min: 1, max: 50 }), bytes: fc.nat(20_000) }),
        fc.record({ trim: fc.nat(300) }),
      )
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
          const tried = await storage().log(`tried-${run++}`)
          const reference: Uint8Array[] = []
          let trimmed = 0
          for (const action of steps) {
            if ('append' in action) {
              expect(await tried.append(action.append)).toBe(reference.length)
              reference.push(...action.append)
            } else if ('trim' in action) {
              trimmed = Math.max(trimmed, Math.min(action.trim, reference.length))
              await tried.trim(action.trim)
              expect(tried.first).toBeLessThanOrEqual(trimmed)
            } else {
              const { offset, records } = await tried.read(action.read, action)
              expect(offset).toBe(Math.max(action.read, tried.first))
              expect(hex(records)).toEqual(hex(expectedRead(reference, offset, action)))
            }
            expect(tried.next).toBe(reference.length)
          }
        }),
        { numRuns: 30 },
      )
    })
  })
}

function tableSuite(storage: () => Storage): void {
  describe('a table', () => {
    let table: Table
    beforeEach(async () => {
      table = await storage().table('table')
    })

    test('begins empty', async () => {
      expect(table.size).toBe(0)
      expect(await table.get('k')).toBeUndefined()
      expect(await rows(table)).toEqual([])
    })

    test('a row holds its key, its value and the revision of the write that last set it', async () => {
      expect(await table.write([{ key: 'a', value: bytes('1') }])).toBe(1)
      expect(await table.write([{ key: 'b', value: bytes('2') }])).toBe(2)
      expect(await table.write([{ key: 'a', value: bytes('3') }])).toBe(3)
      expect(plain(await table.get('a'))).toEqual({ key: 'a', value: '3', revision: 3 })
      expect(plain(await table.get('b'))).toEqual({ key: 'b', value: '2', revision: 2 })
      expect(table.size).toBe(2)
    })

    test('removing an absent key is no error and counts as a write', async () => {
      expect(await table.write([{ key: 'ghost', value: undefined }])).toBe(1)
      expect(await table.write([])).toBe(2)
    })

    test('of two changes of one key in a write the later one holds', async () => {
      await table.write([
        { key: 'a', value: bytes('1') },
        { key: 'a', value: undefined },
        { key: 'b', value: undefined },
        { key: 'b', value: bytes('2') },
      ])
      expect((await rows(table)).map(row => `${row.key}=${row.value}`)).toEqual(['b=2'])
    })

    test('the bytes may be used again as soon as write returned', async () => {
      const shared = bytes('first')
      const written = table.write([{ key: 'k', value: shared }])
      shared.fill(0)
      await written
      expect(plain(await table.get('k'))?.value).toBe('first')
    })

    test('rows come in the order of their UTF-8 bytes, which is not that of JavaScript strings', async () => {
      const keys = [
        '',
        '\u0000',
        'a',
        'aa',
        'b',
        '\u007f',
        'é',
        '\ud7ff',
        '\ue000',
        '\uffff',
        '\u{10000}',
        '\u{10ffff}',
        'a\uffee',
        'a\u{1f600}',
      ]
      await table.write([...keys].reverse().map(key => ({ key, value: bytes(key) })))
      expect((await rows(table)).map(row => row.key)).toEqual([...keys].sort(byUtf8))
      expect((await rows(table, '\uffff', '\u{10ffff}')).map(row => row.key)).toEqual(['\uffff', '\u{10000}'])
    })

    test('a key of 131,072 bytes is kept; a longer one and a lone surrogate are refused whole', async () => {
      const longest = 'é'.repeat(65_536)
      await table.write([{ key: longest, value: bytes('v') }])
      expect(plain(await table.get(longest))?.value).toBe('v')
      for (const key of [`${longest}x`, '\ud800', 'a\udc00b']) {
        await expect(
          table.write([
            { key: 'fine', value: bytes('v') },
            { key, value: bytes('v') },
          ]),
        ).rejects.toThrow(RangeError)
      }
      expect(table.size).toBe(1)
    })

    test('names of object properties are keys like any other', async () => {
      for (const key of ['__proto__', 'constructor', 'toString']) {
        expect(await table.get(key)).toBeUndefined()
        await table.write([{ key, value: bytes(key) }])
        expect(plain(await table.get(key))?.value).toBe(key)
      }
    })

    test('a range takes its start and leaves out its end', async () => {
      await table.write(['a', 'b', 'c', 'd'].map(key => ({ key, value: bytes(key) })))
      expect((await rows(table, 'b', 'd')).map(row => row.key)).toEqual(['b', 'c'])
      expect((await rows(table, 'bb')).map(row => row.key)).toEqual(['c', 'd'])
      expect(await rows(table, 'c', 'c')).toEqual([])
      expect(await rows(table, 'x')).toEqual([])
    })

    test('a compare-and-set happens only when every expectation holds', async () => {
      const first = await table.write([{ key: 'a', value: bytes('1') }], [{ key: 'a', revision: undefined }])
      await expectConflict(table.write([{ key: 'a', value: bytes('2') }], [{ key: 'a', revision: undefined }]))
      await expectConflict(table.write([{ key: 'a', value: bytes('2') }], [{ key: 'a', revision: first + 1 }]))
      await expectConflict(
        table.write(
          [
            { key: 'a', value: bytes('2') },
            { key: 'b', value: bytes('2') },
          ],
          [
            { key: 'a', revision: first },
            { key: 'b', revision: 1 },
          ],
        ),
      )
      expect(plain(await table.get('a'))).toEqual({ key: 'a', value: '1', revision: 1 })
      expect(await table.get('b')).toBeUndefined()
      expect(await table.write([{ key: 'a', value: undefined }], [{ key: 'a', revision: first }])).toBe(2)
      expect(await table.write([{ key: 'a', value: bytes('3') }], [{ key: 'a', revision: undefined }])).toBe(3)
    })

    test('of many compare-and-sets begun at once exactly one wins, and the winner is visible to the losers', async () => {
      await table.write([{ key: 'lock', value: bytes('free') }])
      const seen: (string | undefined)[] = []
      const tries = Array.from({ length: 50 }, async (_, i) => {
        try {
          return await table.write([{ key: 'lock', value: bytes(`held by ${i}`) }], [{ key: 'lock', revision: 1 }])
        } catch (error) {
          expect(isBrokerError(error, 'CONFLICT')).toBe(true)
          seen.push(plain(await table.get('lock'))?.value)
          return undefined
        }
      })
      const won = (await Promise.all(tries)).filter(revision => revision !== undefined)
      expect(won).toEqual([2])
      expect(new Set(seen)).toEqual(new Set(['held by 0']))
    })

    test('writes apply in call order, and each is visible when it resolved', async () => {
      const revisions = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const revision = await table.write([{ key: 'k', value: bytes(`${i}`) }])
          expect((await table.get('k'))?.revision).toBeGreaterThanOrEqual(revision)
          return revision
        }),
      )
      expect(revisions).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
      expect(plain(await table.get('k'))?.value).toBe('99')
    })

    test('a range meets every row that stays, once and in order, while others come and go', async () => {
      const stay = Array.from({ length: 2_000 }, (_, i) => `k${String(i * 2).padStart(6, '0')}`)
      await table.write(stay.map(key => ({ key, value: bytes('stays') })))
      const met: string[] = []
      let i = 0
      for await (const row of table.range('')) {
        met.push(row.key)
        if (i++ % 10 !== 0) continue
        const near = Number(row.key.slice(1))
        const change = (number: number, value: Uint8Array | undefined): Change => ({
          key: `k${String(number).padStart(6, '0')}`,
          value,
        })
        await table.write([
          change(((near + 4_000 - (near % 2)) % 4_001) | 1, bytes('comes')),
          change(Math.max(1, near - 3) | 1, bytes('comes')),
          change((near + 1) | 1, undefined),
        ])
      }
      expect(met).toEqual([...met].sort(byUtf8))
      expect(new Set(met).size).toBe(met.length)
      expect(met.filter(key => Number(key.slice(1)) % 2 === 0)).toEqual(stay)
    })

    test('10,000 random keys agree with a sorted reference through sets, removals and ranges', async () => {
      const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 12 }))
      const keys = fc.sample(key, { numRuns: 10_000, seed: 20_260 })
      const reference = new Map<string, string>()
      for (let i = 0; i < keys.length; i += 100) {
        const some = keys.slice(i, i + 100)
        await table.write(some.map((each, j) => ({ key: each, value: bytes(`${i + j}`) })))
        for (const [j, each] of some.entries()) reference.set(each, `${i + j}`)
        const gone = keys.slice(Math.max(0, i - 300), Math.max(0, i - 250))
        await table.write(gone.map(each => ({ key: each, value: undefined })))
        for (const each of gone) reference.delete(each)
      }
      const sorted = [...reference.keys()].sort(byUtf8)
      expect(table.size).toBe(sorted.length)
      expect(sorted.length).toBeGreaterThan(3_500)
      expect((await rows(table)).map(row => row.key)).toEqual(sorted)
      for (const [from, to] of [
        [100, 900],
        [2_000, 2_001],
        [0, 5],
        [1_500, 3_500],
      ] as const) {
        const found = await rows(table, sorted[from]!, sorted[to]!)
        expect(found.map(row => row.key)).toEqual(sorted.slice(from, to))
        expect(found.map(row => row.value)).toEqual(sorted.slice(from, to).map(each => reference.get(each)))
      }
    })
  })
}

function durableSuite(storage: () => Storage, reopen: () => Promise<void>): void {
  describe('after close and open again', () => {
    test('a log has every record at its offset and goes on from there', async () => {
      const records = Array.from({ length: 500 }, (_, i) => bytes(`record ${i}`))
      await (await storage().log('log')).append(records)
      await reopen()
      const log = await storage().log('log')
      expect(log.next).toBe(500)
      expect(await texts(log, 0)).toEqual(records.map(text))
      expect(await log.append([bytes('next')])).toBe(500)
      await reopen()
      expect(await texts(await storage().log('log'), 499)).toEqual(['record 499', 'next'])
    })

    test('close keeps what was appended and written before it without waiting', async () => {
      const appended = (await storage().log('log')).append([bytes('a')])
      const written = (await storage().table('table')).write([{ key: 'k', value: bytes('v') }])
      await reopen()
      expect(await Promise.all([appended, written])).toEqual([0, 1])
      expect(await texts(await storage().log('log'), 0)).toEqual(['a'])
      expect(plain(await (await storage().table('table')).get('k'))?.value).toBe('v')
    })

    test('a trimmed log does not use an offset again', async () => {
      const log = await storage().log('log')
      await log.append(['a', 'b'].map(bytes))
      await log.trim(2)
      await reopen()
      expect(await (await storage().log('log')).append([bytes('c')])).toBe(2)
    })

    test('a table has every row with its revision, and revisions go on', async () => {
      const table = await storage().table('table')
      await table.write([
        { key: 'é', value: bytes('1') },
        { key: 'gone', value: bytes('1') },
        { key: '', value: new Uint8Array(0) },
      ])
      await table.write([{ key: 'gone', value: undefined }])
      await table.write([{ key: 'a', value: bytes('3') }])
      const before = await rows(table)
      await reopen()
      const again = await storage().table('table')
      expect(await rows(again)).toEqual(before)
      expect(await again.write([{ key: 'a', value: bytes('4') }], [{ key: 'a', revision: 3 }])).toBe(4)
    })
  })
}

function expectedRead(reference: readonly Uint8Array[], from: number, limit: { records: number; bytes: number }) {
  const records: Uint8Array[] = []
  let total = 0
  for (const record of reference.slice(from, from + limit.records)) {
    records.push(record)
    total += record.byteLength
    if (total >= limit.bytes) break
  }
  return records
}

async function expectConflict(written: Promise<unknown>): Promise<void> {
  await expect(written).rejects.toSatisfy(error => isBrokerError(error, 'CONFLICT'))
}

async function texts(log: Log, from: number): Promise<string[]> {
  return (await log.read(from, everything)).records.map(text)
}

async function rows(table: Table, from = '', to?: string) {
  const found: { key: string; value: string; revision: number }[] = []
  for await (const row of table.range(from, to)) found.push(plain(row)!)
  return found
}

function plain(row: Row | undefined): { key: string; value: string; revision: number } | undefined {
  return row === undefined ? undefined : { key: row.key, value: text(row.value), revision: row.revision }
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(value: Uint8Array): string {
  return Buffer.from(value).toString('utf8')
}

function hex(records: readonly Uint8Array[]): string[] {
  return records.map(record => Buffer.from(record).toString('hex'))
}

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
