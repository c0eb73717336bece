import { describe, expect, test } from 'vitest'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import { Message } from '../../../kernel/plugin.ts'
import { ManualClock } from '../../support/clock.ts'
import { memoryOf, TestProcess } from './memory-of.ts'

const MB = 1024 * 1024

function account(budgetBytes: number, process = new TestProcess()) {
  const clock = new ManualClock()
  const counters = new CounterSet()
  const memory = memoryOf({ budgetBytes, clock, counters, process })
  const alarms = new Set<string>()
  memory.alarms = { raise: name => void alarms.add(name), clear: name => void alarms.delete(name) }
  /** What nobody has a share for. */
  const others = { bytes: 0 }
  memory.also(() => others.bytes)
  return { memory, clock, counters, alarms, others }
}

/** Publishes so much that the account is looked at. */
const publishMuch = (memory: { wait(bytes: number): Promise<void> | undefined }) => memory.wait(MB)

/** Whether a promise is kept by now. */
async function kept(promise: Promise<void> | undefined): Promise<boolean> {
  return Promise.race([
    promise?.then(() => true) ?? true,
    new Promise<boolean>(resolve => setImmediate(() => resolve(false))),
  ])
}

describe('shares', () => {
  test('all parts full, each by what was free for it, leave a part of the memory free', () => {
    const { memory } = account(100 * MB)
    const parts = Object.values(memory.parts)
    for (let round = 0; round < 1_000; round++) for (const part of parts) if (part.freeBytes > MB) part.take(MB / 8)
    expect(memory.freeBytes).toBeGreaterThan(10 * MB)
    expect(memory.freeBytes).toBeLessThan(20 * MB)
    for (const part of parts) expect(part.bytes).toBeGreaterThan(memory.freeBytes / 3)
  })

  test('a part that is alone may have most of it', () => {
    const { memory } = account(90 * MB)
    const { retained } = memory.parts
    while (retained.freeBytes > MB / 8) retained.take(MB / 8)
    expect(retained.bytes).toBeGreaterThan(59 * MB)
    expect(memory.freeBytes).toBeGreaterThan(29 * MB)
  })

  test('what peers have sent and could not be taken yet has its place, however little is free', () => {
    const { memory } = account(80 * MB)
    memory.parts.retained.take(100 * MB)
    expect(memory.parts.retained.freeBytes).toBeLessThan(0)
    expect(memory.parts.input.freeBytes).toBeCloseTo(10 * MB, -3)
  })

  test('without a limit nothing is ever too much', () => {
    const { memory } = account(0)
    memory.parts.queues.take(1e15)
    expect(memory.parts.queues.freeBytes).toBe(Number.POSITIVE_INFINITY)
    expect(publishMuch(memory)).toBeUndefined()
  })

  test('a message that many hold counts once, until the last one lets it go', () => {
    const { memory } = account(10 * MB)
    const { queues } = memory.parts
    const message = new Message({ topic: 't', payload: Buffer.alloc(1_000) })
    queues.hold(message)
    const once = queues.bytes
    expect(once).toBeGreaterThan(1_000)
    for (let i = 0; i < 10; i++) queues.hold(message)
    expect(queues.bytes).toBe(once)
    for (let i = 0; i < 10; i++) queues.release(message)
    expect(queues.bytes).toBe(once)
    queues.release(message)
    expect([queues.bytes, memory.usedBytes]).toEqual([0, 0])
  })
})

describe('publishers', () => {
  test('wait when hardly anything is free, and go on when there is', async () => {
    const { memory, clock, counters, alarms, others } = account(100 * MB)
    expect(publishMuch(memory)).toBeUndefined()
    others.bytes = 95 * MB
    const wait = publishMuch(memory)
    expect(wait).toBeInstanceOf(Promise)
    expect([await kept(wait), [...alarms], counters.counter('publishes_delayed').value]).toEqual([
      false,
      ['memory-limit'],
      1,
    ])
    // A little room is not enough: it would be gone at once.
    others.bytes = 90 * MB
    await clock.advance(200)
    expect(await kept(wait)).toBe(false)
    others.bytes = 50 * MB
    await clock.advance(200)
    expect(await kept(wait)).toBe(true)
    expect(publishMuch(memory)).toBeUndefined()
  })

  test('are read again within a second even when nothing became free, and then wait again', async () => {
    const { memory, clock, others } = account(100 * MB)
    others.bytes = 99 * MB
    const wait = publishMuch(memory)
    await clock.advance(999)
    expect(await kept(wait)).toBe(false)
    await clock.advance(1)
    expect(await kept(wait)).toBe(true)
    expect(publishMuch(memory)).toBeInstanceOf(Promise)
  })

  test('who publishes little does not wait with the others', async () => {
    const { memory, clock, others } = account(100 * MB)
    others.bytes = 99 * MB
    expect(publishMuch(memory)).toBeInstanceOf(Promise)
    const modesty = { relief: undefined, bytes: 0 }
    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 20; i++) expect(memory.wait(100, modesty)).toBeUndefined()
      await clock.advance(1_000)
      publishMuch(memory)
    }
    expect(memory.wait(20_000, modesty)).toBeInstanceOf(Promise)
    expect(memory.wait(100, modesty)).toBeInstanceOf(Promise)
  })

  test('the alarm ends after ten calm seconds, and so does the last timer', async () => {
    const { memory, clock, alarms, others } = account(100 * MB)
    others.bytes = 99 * MB
    publishMuch(memory)
    others.bytes = 0
    await clock.advance(5_000)
    expect([...alarms]).toEqual(['memory-limit'])
    await clock.advance(10_000)
    expect([...alarms]).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('wait when the process takes more than its limit, though the account says less', () => {
    const process = new TestProcess()
    const { memory } = account(100 * MB, process)
    memory.parts.retained.take(50 * MB)
    process.rss = memory.limitBytes + 60 * MB
    expect(publishMuch(memory)).toBeInstanceOf(Promise)
  })

  test('of a process that comes near its limit V8 is asked to be tidy, until it is far from it again', () => {
    const process = new TestProcess()
    const { memory, clock } = account(100 * MB, process)
    const seen = [0.5, 0.6, 0.7, 0.6, 0.55, 0.45, 0.6].map(part => {
      process.rss = memory.limitBytes * part
      clock.jump(1_000)
      publishMuch(memory)
      return [process.tidied, process.collections]
    })
    expect(seen).toEqual([
      [false, 0],
      [false, 0],
      [true, 1],
      [true, 1],
      [true, 1],
      [false, 1],
      [false, 1],
    ])
  })

  test('do not wait for garbage: at the limit it is collected, and not again before there is more', () => {
    const process = new TestProcess()
    const { memory, clock } = account(100 * MB, process)
    memory.parts.retained.take(50 * MB)
    process.rss = memory.limitBytes + 60 * MB
    process.garbage = 100 * MB
    expect(publishMuch(memory)).toBeUndefined()
    expect(process.collections).toBe(1)
    process.rss = memory.limitBytes
    for (let second = 0; second < 10; second++) {
      clock.jump(1_000)
      publishMuch(memory)
    }
    expect(process.collections).toBe(2)
    process.rss += memory.limitBytes / 8
    publishMuch(memory)
    clock.jump(1_000)
    publishMuch(memory)
    expect(process.collections).toBe(3)
  })

  test('do not wait for memory that V8 or the allocator merely keeps', () => {
    const process = new TestProcess()
    const { memory } = account(100 * MB, process)
    process.rss = memory.limitBytes + 60 * MB
    expect(publishMuch(memory)).toBeUndefined()
  })

  test('wait before the heap reaches the limit at which V8 ends the process', () => {
    const process = new TestProcess()
    process.heapLimitBytes = 400 * MB
    const { memory, clock } = account(200 * MB, process)
    memory.parts.queues.take(170 * MB)
    process.heap = 330 * MB
    expect(publishMuch(memory)).toBeUndefined()
    clock.jump(100)
    process.heap = 390 * MB
    expect(publishMuch(memory)).toBeInstanceOf(Promise)
  })
})
