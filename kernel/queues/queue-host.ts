import type { Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import type { Guarantee, Message } from '../contract/message.ts'
import type { Counter, Counters } from '../contract/observe.ts'
import type { Delivery } from '../contract/queue.ts'
import type { Limits } from '../limits.ts'
import type { Memory } from '../memory/memory.ts'
import type { SlowConsumers } from '../observe/slow-consumers.ts'
import type { Traces } from '../observe/traces.ts'
import type { Spool } from '../spool/spool.ts'
import { LongLooks } from './long-looks.ts'

export type DropReason =
  | 'queue-full'
  | 'memory-full'
  | 'expired'
  | 'not-authorized'
  | 'offline'
  | 'rejected'
  | 'session-ended'

/** What a full queue does: drop one, or, as a bridge may want it, have publishers refused. */
export type Overflow = 'drop-oldest' | 'drop-newest' | 'refuse'

interface QueueHostOptions {
  readonly clock: Clock
  readonly spool: Spool | undefined
  readonly limits: Pick<Limits, 'queueMessages' | 'queueBytes'>
  readonly memory: Memory
  readonly overflow: Overflow
  readonly counters: Counters
  readonly slow: Pick<SlowConsumers, 'settled'>
  readonly traces: Traces
  failed(error: unknown): void
  /** Told of what is dropped, beside the counters. */
  dropped?(reason: DropReason, messages: number): void
}

/** What all queues of a kernel share: the spool (none when the storage keeps nothing), limits, and the account of memory. */
export class QueueHost {
  readonly clock: Clock
  readonly spool: Spool | undefined
  limits: Pick<Limits, 'queueMessages' | 'queueBytes'>
  readonly memory: Memory
  overflow: Overflow
  readonly slow: Pick<SlowConsumers, 'settled'>
  readonly traces: Traces
  readonly looks = new LongLooks()
  /** What is stored cannot be read back: the broker must stop. */
  readonly failed: (error: unknown) => void
  readonly #delivered: Counter
  readonly #dropped: Record<DropReason, Counter>

  readonly #options: QueueHostOptions

  constructor(options: QueueHostOptions) {
    this.#options = options
    this.clock = options.clock
    this.spool = options.spool
    this.limits = options.limits
    this.memory = options.memory
    this.overflow = options.overflow
    this.slow = options.slow
    this.traces = options.traces
    this.failed = options.failed
    this.#delivered = options.counters.counter('messages_delivered')
    const dropped = (reason: DropReason) => options.counters.counter('messages_dropped', { reason })
    this.#dropped = {
      'queue-full': dropped('queue-full'),
      'memory-full': dropped('memory-full'),
      expired: dropped('expired'),
      'not-authorized': dropped('not-authorized'),
      offline: dropped('offline'),
      rejected: dropped('rejected'),
      'session-ended': dropped('session-ended'),
    }
    options.counters.gauge('queued_bytes', () => this.memory.parts.queues.bytes)
  }

  /** The same for queues of one owner: with limits of its own, told of what they drop, and never slow consumers. */
  variant(own: Pick<QueueHostOptions, 'limits' | 'overflow'> & Required<Pick<QueueHostOptions, 'dropped'>>): QueueHost {
    return new QueueHost({ ...this.#options, ...own, slow: { settled: () => {} } })
  }

  /** To be told of each message that a consumer is handed. */
  handed(message: Message, guarantee: Guarantee, subject: Principal | undefined): void {
    this.#delivered.value++
    if (this.traces.running > 0) this.traces.notice({ event: 'delivered', subject, message, guarantee })
  }

  accepted({ message, guarantee }: Delivery, subject: Principal | undefined): void {
    if (this.traces.running > 0) this.traces.notice({ event: 'settled', subject, message, guarantee })
  }

  /** `message`, and whose it was, where that is known. */
  drop(reason: DropReason, message: Message | undefined, subject: Principal | undefined): void {
    this.#dropped[reason].value++
    this.#options.dropped?.(reason, 1)
    if (this.traces.running > 0) this.traces.notice({ event: 'dropped', subject, message, reason })
  }

  dropAll(reason: DropReason, messages: number, subject: Principal | undefined): void {
    this.#dropped[reason].value += messages
    this.#options.dropped?.(reason, messages)
    if (this.traces.running > 0 && messages > 0)
      this.traces.notice({ event: 'dropped', subject, reason, detail: { messages } })
  }
}
