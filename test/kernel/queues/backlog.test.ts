import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backlog } from '../../../kernel/queues/backlog.ts'
import { via } from './queue-bench.ts'

test('the ring is an array: whatever is pushed, shifted, popped and removed', () => {
  const act = fc.record({
    act: fc.constantFrom('push', 'push', 'push', 'shift', 'pop', 'remove'),
    size: fc.nat(100),
    pick: fc.nat(50),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), acts => {
      const backlog = new Backlog()
      let list: { offset: number; size: number }[] = []
      let next = 0
      for (const { act: what, size, pick } of acts) {
        if (what === 'push') {
          backlog.push(next, via, size)
          list.push({ offset: next++, size })
        } else if (what === 'remove') {
          const offset = list[pick]?.offset ?? -5
          expect(backlog.remove(offset)).toBe(offset !== -5)
          list = list.filter(entry => entry.offset !== offset)
        } else if (list.length > 0) {
          backlog[what]()
          list[what]()
        }
        expect(backlog.length).toBe(list.length)
        expect(backlog.bytes).toBe(list.reduce((sum, entry) => sum + entry.size, 0))
        expect(list.map((_, i) => backlog.reference(i))).toEqual(list.map(({ offset }) => offset))
        expect(list.map((_, i) => backlog.size(i))).toEqual(list.map(entry => entry.size))
      }
    }),
    { numRuns: 200 },
  )
})

test('thousands pass through a small ring', () => {
  const backlog = new Backlog()
  for (let i = 0; i < 5_000; i++) {
    backlog.push(i, via, 1)
    backlog.push(i + 0.5, via, 1)
    expect(backlog.reference(0)).toBe(i === 0 ? 0 : Math.floor(i / 2) + (i % 2) / 2)
    backlog.shift()
  }
  expect(backlog.length).toBe(5_000)
  while (backlog.length > 0) backlog.shift()
  expect(backlog.bytes).toBe(0)
})
