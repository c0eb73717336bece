import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HashedRecords, none } from '../../../kernel/routing/hashed-records.ts'

const steps = fc.array(
  fc.record({ act: fc.constantFrom('add', 'add', 'remove'), hash: fc.integer({ min: -4, max: 40 }), which: fc.nat() }),
  { maxLength: 200 },
)

function found(records: HashedRecords, hash: number): number[] {
  const all: number[] = []
  for (let record = records.first(hash); record !== none; record = records.next(record)) {
    if (records.get(record, 0) === hash) all.push(record)
  }
  return all.sort((a, b) => a - b)
}

test('records are found by their hash, with their fields, whatever was added and removed before', () => {
  fc.assert(
    fc.property(steps, acts => {
      const records: HashedRecords = new HashedRecords(2, record => records.get(record, 0))
      const reference = new Map<number, { hash: number; field: number }>()
      for (const [step, { act, hash, which }] of acts.entries()) {
        if (act === 'add') {
          const record = records.add(hash)
          expect(reference.has(record)).toBe(false)
          expect(records.get(record, 1)).toBe(0)
          records.set(record, 0, hash)
          records.set(record, 1, step)
          reference.set(record, { hash, field: step })
        } else {
          const record = [...reference.keys()][which % Math.max(1, reference.size)]
          if (record === undefined) continue
          records.remove(record)
          reference.delete(record)
        }
      }
      for (const [record, { field }] of reference) expect(records.get(record, 1)).toBe(field)
      for (let hash = -4; hash <= 40; hash++) {
        const expected = [...reference].filter(([, held]) => held.hash === hash).map(([record]) => record)
        expect(found(records, hash)).toEqual(expected.sort((a, b) => a - b))
      }
    }),
    { numRuns: 300 },
  )
})
