import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Consumer } from '../../../kernel/plugin.ts'
import { BoundFilter } from '../../../kernel/queues/bound-filter.ts'
import { binding, message, QueueBench, Taker, via } from './queue-bench.ts'

test('whatever a consumer does, each message is first delivered in the order it came, and none twice but after a return', () => {
  const act = fc.record({
    act: fc.constantFrom('offer', 'offer', 'offer', 'settle', 'requeue', 'grant', 'hold', 'resume', 'leave'),
    guarantee: fc.constantFrom(1, 2) as fc.Arbitrary<1 | 2>,
    pick: fc.nat(100),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 150 }), acts => {
      const queue = new QueueBench().queue()
      const first: string[] = []
      let credit = 3
      let offered = 0
      let taker = new Taker()
      let consumer: Consumer & { close(): void } = queue.consume(taker, credit)
      const notice = () => {
        for (const { message: delivered, redelivered } of taker.open) {
          const name = Buffer.from(delivered.payload).toString()
          if (!first.includes(name)) {
            expect(redelivered).toBe(false)
            first.push(name)
          }
        }
      }
      for (const { act: what, guarantee, pick } of acts) {
        if (what === 'offer') queue.offer(message(`${offered++}`, { guarantee }), via, -1)
        else if (what === 'grant') consumer.grant((credit = pick % 6))
        else if (what === 'hold') consumer.hold()
        else if (what === 'resume') consumer.resume()
        else if (what === 'leave') {
          consumer.close()
          taker = new Taker()
          consumer = queue.consume(taker, credit)
        } else {
          const [delivery] = taker.open.splice(pick % Math.max(1, taker.open.length), 1)
          if (delivery) consumer.settle(delivery, what === 'settle' ? 'accept' : 'requeue')
        }
        notice()
        expect(taker.open.length).toBe(consumer.unsettled)
      }
      consumer.resume()
      consumer.grant(10_000)
      notice()
      expect(first).toEqual(Array.from({ length: offered }, (_, i) => `${i}`))
      for (const delivery of taker.open) consumer.settle(delivery, 'accept')
      expect(queue.depth).toBe(0)
    }),
    { numRuns: 200 },
  )
})

describe('credit', () => {
  test('no more than the credit is unsettled, and each settlement lets one more pass', () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    const consumer = queue.consume(taker, 2)
    for (let i = 0; i < 5; i++) queue.offer(message(`${i}`), via, -1)
    expect(taker.taken).toEqual(['0', '1'])
    consumer.settle(taker.open[0]!, 'accept')
    expect(taker.taken).toEqual(['0', '1', '2'])
  })

  test('guarantee 0 costs no credit, but does not overtake what waits', () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    const consumer = queue.consume(taker, 1)
    queue.offer(message('0', { guarantee: 0 }), via, -1)
    queue.offer(message('1'), via, -1)
    queue.offer(message('2'), via, -1)
    queue.offer(message('3', { guarantee: 0 }), via, -1)
    expect(taker.taken).toEqual(['0', '1'])
    consumer.settle(taker.open[0]!, 'accept')
    expect(taker.taken).toEqual(['0', '1', '2', '3'])
  })

  test('while it is held nothing comes, afterwards all in order', () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    const consumer = queue.consume(taker, 10)
    consumer.hold()
    for (const name of ['a', 'b']) queue.offer(message(name, { guarantee: 0 }), via, -1)
    expect(taker.taken).toEqual([])
    consumer.resume()
    expect(taker.taken).toEqual(['a', 'b'])
  })

  test('a message published from within a delivery comes after what already waits', () => {
    const queue = new QueueBench().queue()
    const taken: string[] = []
    const consumer = queue.consume(
      {
        deliver({ payload }) {
          taken.push(Buffer.from(payload).toString())
          if (taken.length === 1) queue.offer(message('echo', { guarantee: 0 }), via, -1)
        },
      },
      10,
    )
    consumer.hold()
    for (const name of ['a', 'b', 'c']) queue.offer(message(name, { guarantee: 0 }), via, -1)
    consumer.resume()
    expect(taken).toEqual(['a', 'b', 'c', 'echo'])
  })
})

describe('the next consumer', () => {
  test('gets what was unsettled first, in its old order and marked, then what waited, then what is new', () => {
    const queue = new QueueBench().queue()
    const first = new Taker()
    const leaving = queue.consume(first, 2)
    for (let i = 0; i < 4; i++) queue.offer(message(`${i}`), via, -1)
    leaving.note(first.open[1]!, 77)
    leaving.close()
    queue.offer(message('4'), via, -1)
    const second = new Taker()
    queue.consume(second, 10)
    expect(second.taken).toEqual(['0', '1', '2', '3', '4'])
    expect(second.open.map(({ redelivered, note }) => [redelivered, note])).toEqual([
      [true, 0],
      [true, 77],
      [false, 0],
      [false, 0],
      [false, 0],
    ])
  })

  test('is not disturbed by settlements of the one before', () => {
    const queue = new QueueBench().queue()
    const first = new Taker()
    const leaving = queue.consume(first, 1)
    queue.offer(message('a'), via, -1)
    leaving.close()
    const second = new Taker()
    queue.consume(second, 1)
    leaving.settle(first.open[0]!, 'accept')
    expect(second.open).toHaveLength(1)
    expect(queue.depth).toBe(1)
  })

  test('finds nothing of guarantee 0 that was published while nobody was there', () => {
    const bench = new QueueBench()
    const queue = bench.queue()
    queue.offer(message('a', { guarantee: 0 }), via, -1)
    queue.offer(message('b'), binding(0).live, -1)
    const taker = new Taker()
    queue.consume(taker, 1)
    expect([taker.taken, bench.dropped('offline')]).toEqual([[], 2])
  })
})

describe('requeue and reject', () => {
  test('what is requeued comes back first, marked as redelivered', () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    const consumer = queue.consume(taker, 1)
    for (const name of ['a', 'b']) queue.offer(message(name), via, -1)
    consumer.settle(taker.open[0]!, 'requeue')
    expect(taker.taken).toEqual(['a', 'a'])
    expect(taker.open[1]!.redelivered).toBe(true)
  })

  test('what is rejected is gone and counted', () => {
    const bench = new QueueBench()
    const queue = bench.queue()
    const taker = new Taker()
    const consumer = queue.consume(taker, 1)
    queue.offer(message('a'), via, -1)
    consumer.settle(taker.open[0]!, 'reject')
    consumer.settle(taker.open[0]!, 'accept')
    expect([queue.depth, bench.dropped('rejected')]).toEqual([0, 1])
  })
})

describe('overflow', () => {
  test.each([
    ['drop-oldest', ['3', '4', '5']],
    ['drop-newest', ['0', '1', '2']],
  ] as const)('%s keeps the right ones when there are too many', (overflow, kept) => {
    const bench = new QueueBench({ queueMessages: 3, overflow })
    const queue = bench.queue()
    for (let i = 0; i < 6; i++) queue.offer(message(`${i}`), via, -1)
    const taker = new Taker()
    queue.consume(taker, 10)
    expect([taker.taken, bench.dropped('queue-full')]).toEqual([kept, 3])
  })

  test('bytes are limited like messages', () => {
    const bench = new QueueBench({ queueBytes: 400 })
    const queue = bench.queue()
    for (let i = 0; i < 10; i++) queue.offer(message(`${i}`.padEnd(35, '.')), via, -1)
    const taker = new Taker()
    queue.consume(taker, 10)
    expect(taker.taken.map(text => text[0])).toEqual(['6', '7', '8', '9'])
  })

  test('all queues together are limited, and what leaves makes room', () => {
    const bench = new QueueBench({ queuedBytes: 10_000 })
    const queues = Array.from({ length: 100 }, (_, i) => bench.queue(`${i}`))
    for (const queue of queues) queue.offer(message('.'.repeat(35)), via, -1)
    expect(bench.dropped('memory-full')).toBeGreaterThan(50)
    expect(bench.held).toBeLessThanOrEqual(10_000)
    for (const queue of queues) queue.end()
    expect(bench.held).toBe(0)
    queues[99]!.offer(message('.'.repeat(35)), via, -1)
    expect(queues[99]!.depth).toBe(1)
  })

  test('the account of waiting bytes is empty when nothing waits, whatever happened', () => {
    const act = fc.record({ offer: fc.boolean(), size: fc.nat(200) })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), fc.constantFrom('drop-oldest', 'drop-newest'), (acts, overflow) => {
        const bench = new QueueBench({ queueMessages: 5, queueBytes: 700, queuedBytes: 4_000, overflow })
        const queue = bench.queue()
        const taker = new Taker()
        const consumer = queue.consume(taker, 1)
        for (const { offer, size } of acts) {
          if (offer) queue.offer(message('.'.repeat(size)), via, -1)
          else if (taker.open.length > 0) consumer.settle(taker.open.shift()!, 'accept')
          expect(bench.held).toBeLessThanOrEqual(4_000)
        }
        queue.end()
        expect(bench.held).toBe(0)
      }),
    )
  })
})

describe('expiry', () => {
  test('what expired while it waited is not delivered, and is counted', async () => {
    const bench = new QueueBench()
    const queue = bench.queue()
    queue.offer(message('brief', { expiresAt: bench.clock.now() + 1_000 }), via, -1)
    queue.offer(message('lasting'), via, -1)
    await bench.clock.advance(2_000)
    const taker = new Taker()
    queue.consume(taker, 10)
    expect([taker.taken, bench.dropped('expired')]).toEqual([['lasting'], 1])
  })

  test('what was handed out once is finished, expired or not', async () => {
    const bench = new QueueBench()
    const queue = bench.queue()
    const leaving = queue.consume(new Taker(), 1)
    queue.offer(message('begun', { expiresAt: bench.clock.now() + 1_000 }), via, -1)
    leaving.close()
    await bench.clock.advance(2_000)
    const taker = new Taker()
    queue.consume(taker, 1)
    expect(taker.taken).toEqual(['begun'])
  })
})

test('rights are asked when a message leaves, also for what was queued before they changed', () => {
  const bench = new QueueBench()
  const queue = bench.queue()
  queue.offer(message('secret', { topic: 'secret' }), via, -1)
  queue.offer(message('open', { topic: 'open' }), via, -1)
  const rest = { clientId: 'c', user: undefined, tenant: 'default', address: '', expiresAt: undefined }
  queue.principal = { ...rest, may: (_, topic) => topic !== 'secret' }
  const taker = new Taker()
  queue.consume(taker, 10)
  expect([taker.taken, bench.dropped('not-authorized'), queue.depth]).toEqual([['open'], 1, 1])
})

test('what a session published itself passes by the bindings that exclude it', () => {
  const queue = new QueueBench().queue('me')
  const excluding = new BoundFilter('t', { guarantee: 1, excludeOwn: true }, 1)
  expect(queue.wants(message('a', { from: 'me' }), excluding.live)).toBeUndefined()
  expect(queue.wants(message('a', { from: 'other' }), excluding.live)).toBe(excluding.live)
})

test('the payload is kept when it waits, and only lent when it does not', () => {
  const queue = new QueueBench().queue()
  const buffer = Buffer.from('waits')
  queue.offer(message('', { payload: buffer }), via, -1)
  buffer.fill('x')
  const taker = new Taker()
  queue.consume(taker, 1)
  expect(taker.taken).toEqual(['waits'])
})
