import { expect, test } from 'vitest'
import { binding, message, QueueBench, Taker } from './queue-bench.ts'

const MB = 1024 * 1024
const via = binding(1).live
const kilobyte = () => message('.'.repeat(1_000))

test('frozen consumers leave half of the memory of queues to others, however many they are', () => {
  const bench = new QueueBench({ budgetBytes: 16 * MB })
  const queues = Array.from({ length: 200 }, (_, i) => bench.queue(`${i}`))
  for (const queue of queues) queue.consume(new Taker(), 1).hold()
  const offerAll = () => {
    for (const queue of queues) for (let i = 0; i < 50; i++) queue.offer(kilobyte(), via, -1)
  }
  // The youngest are believed to move, for a second.
  for (let round = 0; round < 4; round++) {
    offerAll()
    bench.clock.jump(2_000)
  }
  const { queues: share } = bench.host.memory.parts
  expect(bench.dropped('memory-full')).toBeGreaterThan(1_000)
  expect(share.bytes).toBeLessThan(share.limitBytes * 0.6)
  expect(share.freeBytes).toBeGreaterThan(2 * MB)
  for (const queue of queues) expect(queue.depth).toBeGreaterThan(0)
  for (const queue of queues) queue.end()
  expect(bench.held).toBe(0)
})

test('the publisher of a backlog that moves waits before anything of it is dropped', () => {
  const bench = new QueueBench({ budgetBytes: 16 * MB })
  const { memory } = bench.host
  const queue = bench.queue()
  const taker = new Taker()
  const consumer = queue.consume(taker, 10)
  let waits = 0
  for (let i = 0; i < 100_000; i++) {
    memory.pressing = undefined
    queue.offer(kilobyte(), via, -1)
    // Ten are published for one that is taken, unless the publisher has to wait: then time passes, and more are taken.
    for (let taken = memory.pressing ? 100 : i % 10 === 0 ? 1 : 0; taken > 0 && taker.open.length > 0; taken--)
      consumer.settle(taker.open.shift()!, 'accept')
    if (memory.pressing) {
      waits++
      bench.clock.jump(100)
    }
  }
  expect(waits).toBeGreaterThan(500)
  expect(bench.dropped('memory-full')).toBe(0)
})

test('nobody waits for a consumer that does not move: what it misses is dropped, oldest first', () => {
  const bench = new QueueBench({ budgetBytes: 16 * MB })
  const { memory } = bench.host
  const queue = bench.queue()
  queue.consume(new Taker(), 1).hold()
  let waits = 0
  for (let i = 0; i < 20_000; i++) {
    memory.pressing = undefined
    queue.offer(kilobyte(), via, -1)
    if (memory.pressing) waits++
    if (i % 100 === 0) bench.clock.jump(50)
  }
  expect(waits).toBe(0)
  expect(bench.dropped('memory-full')).toBeGreaterThan(10_000)
})

test('unsettled deliveries are bounded by memory as well as by credit, and one is always granted', () => {
  const bench = new QueueBench({ budgetBytes: 16 * MB })
  const takers = Array.from({ length: 50 }, (_, i) => {
    const queue = bench.queue(`${i}`)
    const taker = new Taker()
    return { queue, taker, consumer: queue.consume(taker, 1_000) }
  })
  for (const { queue } of takers) for (let i = 0; i < 300; i++) queue.offer(message('.'.repeat(10_000)), via, -1)
  expect(bench.host.memory.freeBytes).toBeGreaterThan(0)
  for (const { taker } of takers) expect(taker.open.length).toBeGreaterThan(0)
  // Whoever settles goes on to the end of what was not dropped.
  for (const { queue, taker, consumer } of takers) {
    while (taker.open.length > 0) consumer.settle(taker.open.shift()!, 'accept')
    expect(queue.depth).toBe(0)
  }
  expect(bench.held).toBe(0)
})
