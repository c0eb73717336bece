import { CounterSet } from '../../../kernel/observe/counters.ts'
import { EventHub } from '../../../kernel/observe/events.ts'
import { silentLogger } from '../../../kernel/observe/silent-logger.ts'
import { SlowConsumers } from '../../../kernel/observe/slow-consumers.ts'
import { Traces } from '../../../kernel/observe/traces.ts'
import { type Delivery, type Guarantee, Message, type MessageFields, type Receiver } from '../../../kernel/plugin.ts'
import { BoundFilter } from '../../../kernel/queues/bound-filter.ts'
import { Queue } from '../../../kernel/queues/queue.ts'
import { QueueHost } from '../../../kernel/queues/queue-host.ts'
import { ManualClock } from '../../support/clock.ts'
import { memoryOf } from '../memory/memory-of.ts'

export interface BenchOptions {
  readonly queueMessages?: number
  readonly queueBytes?: number
  readonly queuedBytes?: number
  /** Budget of memory for everything. Default: no limit. */
  readonly budgetBytes?: number
  readonly overflow?: 'drop-oldest' | 'drop-newest'
}

/** Queues by themselves: in memory, with a clock that stands still. */
export class QueueBench {
  readonly clock = new ManualClock()
  readonly host: QueueHost
  readonly #counters = new CounterSet()

  constructor({ overflow = 'drop-oldest', queuedBytes = 0, budgetBytes = 0, ...limits }: BenchOptions = {}) {
    this.host = new QueueHost({
      clock: this.clock,
      spool: undefined,
      counters: this.#counters,
      limits: { queueMessages: 0, queueBytes: 0, ...limits },
      memory: memoryOf({ budgetBytes, queuedBytes, clock: this.clock, counters: this.#counters }),
      overflow,
      slow: new SlowConsumers(this.clock, 500),
      traces: new Traces(this.clock, new EventHub(silentLogger)),
      failed: error => {
        throw error
      },
    })
  }

  queue(owner = 'owner'): Queue {
    return new Queue(this.host, owner, 0, true)
  }

  /** Bytes that all queues hold in memory. */
  get held(): number {
    return this.host.memory.parts.queues.bytes
  }

  dropped(reason: string): number {
    return this.#counters.counter('messages_dropped', { reason }).value
  }
}

export const binding = (guarantee: Guarantee) => new BoundFilter('t', { guarantee }, 1)

/** A way in at every guarantee. */
export const via = binding(2).live

export function message(payload: string, fields: Partial<MessageFields> = {}): Message {
  return new Message({ topic: 't', payload: Buffer.from(payload), guarantee: 1, publishedAt: 0, ...fields })
}

/** Takes everything and settles nothing by itself. */
export class Taker implements Receiver {
  readonly taken: string[] = []
  readonly open: Delivery[] = []

  deliver({ payload }: Message, _via: unknown, delivery: Delivery | undefined): void {
    this.taken.push(Buffer.from(payload).toString())
    if (delivery) this.open.push(delivery)
  }
}
