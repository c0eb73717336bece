import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Message } from '../../../kernel/plugin.ts'
import { Backlog, type Reference } from '../../../kernel/queues/backlog.ts'
import { BacklogRear, blockEntries } from '../../../kernel/queues/backlog-rear.ts'
import { MatchedVia } from '../../../kernel/queues/bound-filter.ts'
import { collectGarbage } from '../../support/garbage.ts'
import { via } from './queue-bench.ts'

interface Entry {
  readonly reference: Reference
  readonly via: MatchedVia
  readonly size: number
}

const other = new MatchedVia([], false)
const aMessage = new Message({ topic: 't', payload: Buffer.alloc(1), publishedAt: 0, guarantee: 0 })

test('a backlog is a list: whatever is pushed, shifted and removed, in its ring and far behind it', () => {
  const act = fc.record({
    act: fc.constantFrom('push', 'push', 'shift', 'remove'),
    times: fc.integer({ min: 1, max: 900 }),
    message: fc.boolean(),
    pick: fc.nat(10_000),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 20 }), acts => {
      const backlog = new Backlog()
      let list: Entry[] = []
      let next = 0
      for (const { act: what, times, message, pick } of acts) {
        if (what === 'remove') {
          const reference = list[pick]?.reference
          const offset = typeof reference === 'number' ? reference : -5
          expect(backlog.remove(offset)).toBe(offset !== -5)
          list = list.filter(entry => entry.reference !== offset)
        } else if (what === 'shift') {
          for (let i = 0; i < Math.min(times, list.length); i++) backlog.shift()
          list = list.slice(times)
        } else {
          for (let i = 0; i < times; i++) {
            // Some blocks are of offsets that came one way alone, some are not.
            const entry = {
              reference: message && i % 7 === 0 ? aMessage : next++,
              via: pick % 2 ? via : other,
              size: i,
            }
            backlog.push(entry.reference, entry.via, entry.size, pick % 3 === 0)
            list.push(entry)
          }
        }
        expect(backlog.length).toBe(list.length)
        expect(backlog.bytes).toBe(list.reduce((sum, entry) => sum + entry.size, 0))
        if (list[0]) expect({ reference: backlog.reference, via: backlog.via, size: backlog.size }).toEqual(list[0])
        const offsets = list.flatMap(({ reference: offset, via }) =>
          typeof offset === 'number' ? { offset, via } : [],
        )
        const found = [...backlog.offsets()]
        expect(found.length).toBe(offsets.length)
        expect(found.findIndex(({ offset, via }, i) => offset !== offsets[i]?.offset || via !== offsets[i]?.via)).toBe(
          -1,
        )
      }
    }),
    { numRuns: 100 },
  )
})

test('an offset far behind takes at most 10 bytes, and 8 more where not all came the same way', () => {
  const count = 500_000
  for (const [most, viaOf] of [
    [10, () => via],
    [18, (i: number) => (i % 2 ? via : other)],
  ] as const) {
    const rear = new BacklogRear()
    const before = usedBytes()
    // Every tenth offset is that of another record.
    for (let i = 0; i < count; i++) rear.push(2 ** 33 + Math.floor((i * 10) / 9), viaOf(i), 264 + (i % 50))
    expect((usedBytes() - before) / count).toBeLessThan(most)
    expect(rear.length).toBe(count)
  }
})

test('offsets that do not rise are kept as well', () => {
  const rear = new BacklogRear()
  const offsets = Array.from({ length: 3 * blockEntries }, (_, i) => (i * 7_919) % 1_000)
  for (const offset of offsets) rear.push(offset, via, 1)
  expect([...rear.offsets()].map(({ offset }) => offset)).toEqual(offsets)
  expect(rear.remove(offsets[5] as number)).toBe(1)
  expect(rear.take()?.references).toEqual(offsets.slice(0, blockEntries).filter((_, i) => i !== 5))
})

test('thousands pass through a small ring', () => {
  const backlog = new Backlog()
  for (let i = 0; i < 5_000; i++) {
    backlog.push(2 * i, via, 1)
    backlog.push(2 * i + 1, via, 1)
    expect(backlog.reference).toBe(i)
    backlog.shift()
  }
  expect(backlog.length).toBe(5_000)
  while (backlog.length > 0) backlog.shift()
  expect(backlog.bytes).toBe(0)
})

test('messages that only this backlog holds come back as they were, however far behind they waited', () => {
  const backlog = new Backlog()
  const messages = Array.from({ length: 10 * blockEntries }, (_, i) => {
    const message = new Message({
      topic: `t/${i}`,
      payload: Buffer.from(`${i}`),
      publishedAt: i,
      guarantee: 1,
      from: 'a',
    })
    message.user = 'somebody'
    // Every fourth block is held by others as well, or too large.
    const block = Math.floor(i / blockEntries)
    message.holders = block % 4 === 1 ? 2 : 1
    return message
  })
  for (const [i, message] of messages.entries()) backlog.push(message, via, 1, i % 500 < 200)
  for (const message of messages) {
    const waited = backlog.reference as Message
    expect({ ...waited, payload: Buffer.from(waited.payload) }).toEqual({ ...message, payload: message.payload })
    backlog.shift()
  }
  expect(backlog.length).toBe(0)
})

test('messages far behind take little more than their bytes', () => {
  const backlog = new Backlog()
  const count = 200_000
  const before = usedBytes()
  for (let i = 0; i < count; i++) {
    const message = new Message({
      topic: 'some/topic',
      payload: Buffer.alloc(200),
      publishedAt: Date.now(),
      guarantee: 1,
    }).own()
    message.holders = 1
    backlog.push(message, via, 264)
  }
  expect((usedBytes() - before) / count).toBeLessThan(300)
  expect(backlog.length).toBe(count)
})

function usedBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
