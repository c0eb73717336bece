import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Log, Storage } from '../../../kernel/plugin.ts'
import { bytes, everything, text, texts } from './reading.ts'

/** What every log promises. */
export function logSuite(storage: () => Storage): void {
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

function hex(records: readonly Uint8Array[]): string[] {
  return records.map(record => Buffer.from(record).toString('hex'))
}
