import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Numbered } from '../../../kernel/workers/numbered.ts'

test('what is open is found under its number and under no other, as in a map', () => {
  const act = fc.oneof(fc.constant('add' as const), fc.record({ take: fc.nat(200) }), fc.record({ get: fc.nat(200) }))
  fc.assert(
    fc.property(fc.array(act, { maxLength: 300 }), acts => {
      const open = new Numbered<object>()
      const expected = new Map<number, object>()
      let last = 0
      for (const one of acts) {
        if (one === 'add') {
          const value = {}
          expect(open.add(value)).toBe(++last)
          expected.set(last, value)
        } else if ('get' in one) {
          expect(open.get(one.get)).toBe(expected.get(one.get))
        } else {
          expect(open.take(one.take)).toBe(expected.get(one.take))
          expected.delete(one.take)
        }
        expect(open.size).toBe(expected.size)
      }
      expect(new Set(open.drain())).toEqual(new Set(expected.values()))
      expect(open.size).toBe(0)
    }),
    { numRuns: 200 },
  )
})
