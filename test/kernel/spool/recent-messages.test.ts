import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Message } from '../../../kernel/contract/message.ts'
import { RecentMessages } from '../../../kernel/spool/recent-messages.ts'

const bytesEach = 256 + 10
const limit = 10 * bytesEach
const message = new Message({ topic: 't', payload: Buffer.alloc(10) })

type Step = readonly ['add', durable: number] | readonly ['delete', back: number] | readonly ['before', back: number]
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('add' as const), fc.nat(20)) },
  fc.tuple(fc.constant('delete' as const), fc.nat(30)),
  fc.tuple(fc.constant('before' as const), fc.nat(30)),
)

test('the oldest go first, never one that is not durable, however they are deleted in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const recent = new RecentMessages(limit)
      let kept: number[] = []
      let next = 0
      for (const [what, number] of steps) {
        if (what === 'add') {
          const durableTo = next - number
          recent.add(next, message, durableTo)
          kept.push(next++)
          while (kept.length > 10 && kept[0]! < durableTo) kept.shift()
        } else if (what === 'delete') {
          recent.delete(next - number)
          kept = kept.filter(offset => offset !== next - number)
        } else {
          recent.deleteBefore(next - number)
          kept = kept.filter(offset => offset >= next - number)
        }
        expect(recent.bytes).toBe(kept.length * bytesEach)
        for (let offset = 0; offset < next; offset++) {
          expect(recent.get(offset) !== undefined).toBe(kept.includes(offset))
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('other records between them, and as many as there is room for, are no matter', () => {
  const recent = new RecentMessages(10_000 * bytesEach)
  const offsets = Array.from({ length: 5_000 }, (_, index) => index * 3 + Math.floor(index / 1_000) * 2_000)
  for (const offset of offsets) recent.add(offset, message, 0)
  expect(offsets.every(offset => recent.get(offset) === message)).toBe(true)
  expect(offsets.some(offset => recent.get(offset + 1) !== undefined)).toBe(false)
  recent.deleteBefore(offsets[4_999]!)
  expect(recent.bytes).toBe(bytesEach)
})

test('one old message does not keep room for all the records behind it', () => {
  const recent = new RecentMessages(limit)
  const far = 1_000_000
  recent.add(0, message, 0)
  recent.add(far, message, far)
  expect([recent.get(0), recent.get(far), recent.bytes]).toEqual([undefined, message, bytesEach])
})
