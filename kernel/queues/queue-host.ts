import type { Clock } from '../contract/clock.ts'
import type { Counter, Counters } from '../contract/observe.ts'
import type { Limits } from '../limits.ts'
import type { SlowConsumers } from '../observe/slow-consumers.ts'
import type { Spool } from '../spool/spool.ts'

export type DropReason =
  | 'queue-full'
  | 'memory-full'
  | 'expired'
  | 'not-authorized'
  | 'offline'
  | 'rejected'
  | 'session-ended'

/** What all queues of a kernel share: the spool (none when the storage keeps nothing), limits, and their one account. */
export class QueueHost {
  readonly clock: Clock
  readonly spool: Spool | undefined
  readonly limits: Pick<Limits, 'queueMessages' | 'queueBytes' | 'queuedBytes'>
  readonly overflow: 'drop-oldest' | 'drop-newest'
  readonly slow: SlowConsumers
  /** What is stored cannot be read back: the broker must stop. */
  readonly failed: (error: unknown) => void
  /** Bytes waiting in memory, in all queues. */
  waitingBytes = 0
  readonly delivered: Counter
  readonly #dropped: Record<DropReason, Counter>

  constructor(options: {
    clock: Clock
    spool: Spool | undefined
    limits: Pick<Limits, 'queueMessages' | 'queueBytes' | 'queuedBytes'>
    overflow: 'drop-oldest' | 'drop-newest'
    counters: Counters
    slow: SlowConsumers
    failed(error: unknown): void
  }) {
    this.clock = options.clock
    this.spool = options.spool
    this.limits = options.limits
    this.overflow = options.overflow
    this.slow = options.slow
    this.failed = options.failed
    this.delivered = options.counters.counter('messages_delivered')
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
    options.counters.gauge('queued_bytes', () => this.waitingBytes)
  }

  drop(reason: DropReason, messages = 1): void {
    this.#dropped[reason].value += messages
  }
}
