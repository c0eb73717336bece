import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Message } from '../../../kernel/plugin.ts'
import { BoundFilter } from '../../../kernel/queues/bound-filter.ts'
import { binding, message, QueueBench, Taker, via } from './queue-bench.ts'

/** Tells what was asked of it; a number stands for so many places where its reader may stop for breath. */
class Source implements Iterator<Message | undefined, undefined> {
  looks = 0
  readonly #values: (Message | undefined)[]

  constructor(...values: readonly (string | number)[]) {
    this.#values = values.flatMap(value =>
      typeof value === 'string' ? [message(value, { retain: true })] : Array<undefined>(value).fill(undefined),
    )
  }

  next(): IteratorResult<Message | undefined, undefined> {
    this.looks++
    return this.#values.length === 0
      ? { done: true, value: undefined }
      : { done: false, value: this.#values.shift() as Message | undefined }
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

describe('retained values that are looked for long', () => {
  test('are looked for in later turns of the event loop, and come before what was published meanwhile', async () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    queue.consume(taker, 10)
    const source = new Source(3, 'found', 2, 'found late')
    queue.replay(source, binding(1))
    expect(source.looks).toBe(2)
    queue.offer(message('published'), via, -1)
    expect(taker.taken).toEqual([])
    await turns(10)
    expect(taker.taken).toEqual(['found', 'found late', 'published'])
  })

  test('of many queues, one is looked for in a turn', async () => {
    const bench = new QueueBench()
    const sources = Array.from({ length: 5 }, () => new Source(3, 'found'))
    for (const source of sources) {
      const queue = bench.queue()
      queue.consume(new Taker(), 10)
      queue.replay(source, binding(1))
    }
    const looks = () => sources.reduce((sum, source) => sum + source.looks, 0)
    for (let before = looks(), turned = 0; turned < 10; turned++, before = looks()) {
      await turn()
      expect(looks() - before).toBeLessThanOrEqual(2)
    }
  })

  test('of many filters of one packet, one is looked for before the next turn', () => {
    const queue = new QueueBench().queue()
    queue.consume(new Taker(), 10)
    const sources = Array.from({ length: 100 }, () => new Source(3, 'found'))
    for (const [i, source] of sources.entries()) queue.replay(source, new BoundFilter(`t/${i}`, { guarantee: 1 }, i))
    expect(sources.slice(1).map(({ looks }) => looks)).toEqual(Array(99).fill(0))
  })

  test('are not owed more than once to whoever asks again before they were begun', async () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    queue.consume(taker, 100)
    // Each SUBSCRIBE makes a binding of its own, also of the same filter.
    for (let i = 0; i < 50; i++) queue.replay(new Source(2, 'found'), binding(1))
    await turns(20)
    expect(taker.taken).toEqual(['found', 'found'])
  })

  test('are looked for when their session is back, if it left before', async () => {
    const queue = new QueueBench().queue()
    const consumer = queue.consume(new Taker(), 10)
    const source = new Source(2, 'found', 2, 'found late')
    queue.replay(source, binding(1))
    consumer.close()
    await turns(10)
    const back = new Taker()
    queue.consume(back, 10)
    await turns(10)
    expect(back.taken).toEqual(['found', 'found late'])
  })

  test('end with their binding', async () => {
    const queue = new QueueBench().queue()
    const taker = new Taker()
    queue.consume(taker, 10)
    const source = new Source(5, 'found')
    queue.replay(source, binding(1))
    queue.endReplay(binding(1))
    const { looks } = source
    queue.offer(message('published'), via, -1)
    await turns(10)
    expect(source.looks).toBe(looks)
    expect(taker.taken).toEqual(['published'])
  })

  test('end with their session', async () => {
    const queue = new QueueBench().queue()
    queue.consume(new Taker(), 10)
    const source = new Source(5, 'found')
    queue.replay(source, binding(1))
    const { looks } = source
    queue.end()
    await turns(10)
    expect(source.looks).toBe(looks)
  })
})
