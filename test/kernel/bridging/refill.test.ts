import { expect, test } from 'vitest'
import type { EgressOptions } from '../../../kernel/bridging/bridge-options.ts'
import { Egress, type EgressHost } from '../../../kernel/bridging/egress.ts'
import { Message } from '../../../kernel/index.ts'
import type { Consumer, Receiver } from '../../../kernel/plugin.ts'
import { BoundFilter, MatchedVia } from '../../../kernel/queues/bound-filter.ts'
import { sizeOf, Unsettled } from '../../../kernel/queues/delivery.ts'
import { ManualClock } from '../../support/clock.ts'

/** Every look at it takes a millisecond. */
class BusyClock extends ManualClock {
  override now(): number {
    this.jump(1)
    return super.now()
  }
}

const via = new MatchedVia([new BoundFilter('', { guarantee: 1 }, 0)], false)
const deliveryOf = (n: number) => new Unsettled(new Message({ topic: 't', payload: Buffer.from([n]) }), via, 1, -1, 0)

/** A queue in which so many wait, and what it handed over each time that it was let. */
class Waiting implements Consumer {
  readonly handed: number[] = []
  readonly unsettled = 0
  readonly #deliveries: Unsettled[]
  readonly #receiver: Receiver
  #held = false

  constructor(deliveries: Unsettled[], receiver: Receiver) {
    this.#deliveries = deliveries
    this.#receiver = receiver
  }

  hold(): void {
    this.#held = true
  }

  resume(): void {
    this.#held = false
    let count = 0
    for (; !this.#held && this.#deliveries.length > 0; count++) {
      const delivery = this.#deliveries.shift() as Unsettled
      this.#receiver.deliver(delivery.message, via, delivery)
    }
    this.handed.push(count)
  }

  settle(): void {}
  grant(): void {}
  note(): undefined {}
  close(): void {}
}

test('what waited while the far side was slow is taken in turns of the event loop, in its order', async () => {
  const clock = new BusyClock()
  const batch = 1_000
  const deliveries = Array.from({ length: 5 * batch }, (_, n) => deliveryOf(n % 251))
  const expected = deliveries.map(({ message }) => message)
  const delivery = { linger: 0, batch: batch * sizeOf(expected[0]!), batchMessages: batch }
  const options = { name: 'b', delivery, buffer: { maxAge: 0 }, retry: { attempts: 0, backoff: { from: 1, to: 1 } } }
  const host = { clock, hop: 'hop', node: 'n', committed: async () => {} }
  const numbers = { counts: { sentBatch: () => {} }, standing: { running: () => {} } }
  const sent: unknown[] = []
  let all = (): void => {}
  const done = new Promise<void>(resolve => {
    all = resolve
  })
  const sink = {
    prepare: ({ payload }: { payload: Uint8Array }) => payload,
    bytesOf: () => 1,
    send: async (items: readonly unknown[]) => {
      sent.push(...items)
      if (sent.length === expected.length) all()
    },
    close: async () => {},
  }
  const egress = new Egress({ ...host, ...numbers } as unknown as EgressHost, options as EgressOptions, sink)
  let queue: Waiting | undefined
  egress.start(receiver => {
    queue = new Waiting(deliveries, receiver)
    for (const first of deliveries.splice(0, 2 * batch)) receiver.deliver(first.message, via, first)
    return queue
  })
  await done
  await egress.stop()
  expect(sent).toEqual(expected.map(({ payload }) => payload))
  expect(queue?.handed.reduce((sum, count) => sum + count, 0)).toBe(3 * batch)
  // A turn is of eight milliseconds at most, and time is looked at once in 64 messages.
  expect(Math.max(...(queue?.handed ?? []))).toBeLessThanOrEqual(8 * 64)
})
