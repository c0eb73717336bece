import { expect, test } from 'vitest'
import { defaultLimits } from '../../../kernel/limits.ts'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import { Message, type Table } from '../../../kernel/plugin.ts'
import { Retained } from '../../../kernel/retained/retained.ts'
import { Schedule } from '../../../kernel/schedule/schedule.ts'
import { ManualClock } from '../../support/clock.ts'
import { memoryOf } from '../memory/memory-of.ts'

const MB = 1024 * 1024

function store(budgetBytes: number, table?: Table) {
  const clock = new ManualClock()
  const counters = new CounterSet()
  const memory = memoryOf({ budgetBytes, clock, counters })
  const retained = new Retained(table, { schedule: new Schedule(clock), limits: defaultLimits, memory, counters })
  const keep = (topic: string, bytes: number) => {
    const message = new Message({ topic, payload: Buffer.alloc(bytes), retain: true })
    return retained.store('t', message)
  }
  return { memory, retained, keep, refusals: () => counters.counter('memory_refusals', { part: 'retained' }).value }
}

test('what there is no memory for is refused, and counted; what takes no more is not', () => {
  const { memory, keep, refusals } = store(20 * MB)
  let kept = 0
  const fill = () => {
    for (; kept < 100_000; kept++) keep(`topic/${kept}`, 1_000)
  }
  expect(fill).toThrow(expect.objectContaining({ code: 'LIMIT_REACHED', message: expect.stringContaining('memory') }))
  expect(refusals()).toBe(1)
  expect(memory.freeBytes).toBeGreaterThan(5 * MB)
  expect(kept).toBeGreaterThan(5_000)
  keep('topic/0', 1_000)
  keep('topic/1', 10)
  keep('topic/2', 0)
  expect(() => keep('topic/3', 1_000_000)).toThrow('memory')
})

test('without a limit nothing is refused', () => {
  const { keep, refusals } = store(0)
  for (let i = 0; i < 1_000; i++) keep(`topic/${i}`, 100_000)
  expect(refusals()).toBe(0)
})

test('a clearing is only acknowledged when the topic is cleared for certain, also when it comes twice', async () => {
  const writes: { reject(error: Error): void; resolve(): void }[] = []
  const table = {
    write: () =>
      new Promise<number>((resolve, reject) => {
        writes.push({ reject, resolve: () => resolve(1) })
      }),
  } as unknown as Table
  const { retained, keep } = store(0, table)
  const stored = keep('a', 10)
  writes[0]!.resolve()
  await stored
  const [first, second] = [keep('a', 0), keep('a', 0)]
  const outcomes = Promise.allSettled([first, second])
  for (const { reject } of writes.slice(1)) reject(new Error('the disk is full'))
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(retained.get('t', 'a')?.payload.length).toBe(10)
})
