import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Change, Storage, Table } from '../../../kernel/plugin.ts'
import { isBrokerError } from '../../../kernel/plugin.ts'
import { bytes, byUtf8, plain, rows } from './reading.ts'

/** What every table promises. */
export function tableSuite(storage: () => Storage): void {
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

async function expectConflict(written: Promise<unknown>): Promise<void> {
  await expect(written).rejects.toSatisfy(error => isBrokerError(error, 'CONFLICT'))
}
