import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReturningReferences } from '../../../kernel/sessions/returning-references.ts'

test('returning references are a sorted list: whatever is added, late or in order, and settled', () => {
  const act = fc.record({
    act: fc.constantFrom('append', 'append', 'late', 'settle'),
    times: fc.integer({ min: 1, max: 1_500 }),
    pick: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), acts => {
      const references = new ReturningReferences()
      const expected = new Map<number, { offset: number; via: number; size: number; done: boolean }>()
      let next = 10
      const add = (offset: number, i: number) => {
        const entry = { offset, via: i % 3, size: i, done: false }
        expect(references.add(offset, entry.via, entry.size)).toBe(!expected.has(offset))
        if (!expected.has(offset)) expected.set(offset, entry)
      }
      for (const { act: what, times, pick } of acts) {
        for (let i = 0; i < times; i++) {
          // Gaps, so that there is room for what comes late; some of it is here already.
          if (what === 'append') add((next += 1 + (i % 3)), i)
          else if (what === 'late') add((pick + i * 7) % next, i)
          else {
            const offset = (pick + i * 11) % next
            const entry = expected.get(offset)
            expect(references.has(offset)).toBe(entry !== undefined && !entry.done)
            expect(references.settle(offset)).toBe(entry !== undefined && !entry.done)
            if (entry) entry.done = true
          }
        }
      }
      const left = [...expected.values()].filter(({ done }) => !done).sort((a, b) => a.offset - b.offset)
      expect([...references.take()]).toEqual(left.map(({ offset, via, size }) => ({ offset, via, size })))
      expect([...references.take()]).toEqual([])
    }),
    { numRuns: 60 },
  )
})
