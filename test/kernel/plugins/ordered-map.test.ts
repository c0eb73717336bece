import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OrderedMap } from '../../../kernel/plugin.ts'

describe('the ordered map', () => {
  const key = fc.oneof(
    fc.nat(2_000).map(n => `k${n}`),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )

  test('agrees with a sorted array while it is walked and changed', () => {
    const edits = fc.array(fc.record({ key, remove: fc.boolean() }), { maxLength: 5 })
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { minLength: 0, maxLength: 2_000, size: 'max' }),
        fc.infiniteStream(edits),
        key,
        (start, stream, from) => {
          const map = new OrderedMap<string>()
          for (const each of start) map.set(each, each)
          const untouched = new Set(start)
          const met: string[] = []
          for (const each of map.range(from)) {
            met.push(each)
            for (const edit of stream.next().value ?? []) {
              untouched.delete(edit.key)
              if (edit.remove) map.delete(edit.key)
              else map.set(edit.key, edit.key)
            }
            if (met.length > 20_000) throw new Error('the walk does not end')
          }
          expect(met).toEqual([...met].sort(byUtf8))
          expect(new Set(met).size).toBe(met.length)
          const due = [...untouched].filter(each => byUtf8(each, from) >= 0)
          const seen = new Set(met)
          expect(due.filter(each => !seen.has(each))).toEqual([])
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is empty again when every key is removed, in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 2_000, size: 'max' }), keys => {
        const map = new OrderedMap<number>()
        for (const each of keys) map.set(each, 1)
        for (const each of [...keys].sort()) expect(map.delete(each)).toBe(true)
        expect(map.size).toBe(0)
        expect([...map.range('')]).toEqual([])
      }),
      { numRuns: 20 },
    )
  })
})

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
