import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockSize, Ledger } from '../../../kernel/spool/ledger.ts'

test('it needs what a list of all references needs, to the block', () => {
  const steps = fc.array(
    fc.record({ offset: fc.nat(8 * blockSize), references: fc.integer({ min: 1, max: 3 }), remove: fc.boolean() }),
    { maxLength: 80 },
  )
  fc.assert(
    fc.property(steps, fc.nat(4 * blockSize), fc.nat(4 * blockSize), (changes, first, more) => {
      const ledger = new Ledger()
      const list: number[] = []
      for (const { offset, references, remove } of changes) {
        if (remove && list.length > 0) ledger.remove(list.splice(offset % list.length, 1)[0]!)
        else {
          ledger.add(offset, references)
          list.push(...Array<number>(references).fill(offset))
        }
      }
      expect(ledger.references).toBe(list.length)
      const next = first + more
      const needed = ledger.needed(first, next)
      // Nothing that is referred to goes, and no whole block that is not referred to stays before it.
      const oldest = Math.min(...list.filter(offset => offset >= first && offset < next), next)
      expect(needed).toBeGreaterThanOrEqual(first)
      expect(needed).toBeLessThanOrEqual(oldest)
      const blockOf = (offset: number) => Math.floor(offset / blockSize)
      const holders = list.filter(offset => blockOf(offset) >= blockOf(first) && blockOf(offset) <= blockOf(next))
      const oldestBlock = Math.min(...holders.map(blockOf), blockOf(next))
      expect(needed).toBe(Math.max(first, oldestBlock * blockSize))
    }),
    { numRuns: 300 },
  )
})

test('a block in use keeps everything behind it', () => {
  const ledger = new Ledger()
  ledger.add(10, 2)
  ledger.add(5 * blockSize, 1)
  ledger.remove(10)
  expect(ledger.needed(0, 9 * blockSize)).toBe(0)
  ledger.remove(10)
  expect(ledger.needed(0, 9 * blockSize)).toBe(5 * blockSize)
})
