import type { Counter, Counters } from '../contract/observe.ts'

export type BridgeDrop = 'buffer-full' | 'memory-full' | 'too-old' | 'removed' | 'other'

/** The numbers of one bridge. */
export class BridgeCounts {
  readonly sent: Counter
  readonly received: Counter
  readonly rejected: Counter
  readonly retried: Counter
  /** Left out by `when`. */
  readonly filtered: Counter
  /** Came through this bridge before. */
  readonly looped: Counter
  readonly bytes: Counter
  readonly batches: Counter
  /** Of batches that were acknowledged, from their sending on: with `batches` the mean. */
  readonly sendSeconds: Counter
  readonly #dropped: Readonly<Record<BridgeDrop, Counter>>
  /** Messages of the last batch, and how long it took. */
  lastBatch = 0
  lastSendMs = 0

  constructor(counters: Counters, bridge: string) {
    const counter = (name: string) => counters.counter(`bridge_${name}`, { bridge })
    this.sent = counter('messages_sent')
    this.received = counter('messages_received')
    this.rejected = counter('messages_rejected')
    this.retried = counter('messages_retried')
    this.filtered = counter('messages_filtered')
    this.looped = counter('messages_looped')
    this.bytes = counter('bytes_sent')
    this.batches = counter('batches_sent')
    this.sendSeconds = counter('send_seconds')
    const dropped = (reason: BridgeDrop) => counters.counter('bridge_messages_dropped', { bridge, reason })
    this.#dropped = {
      'buffer-full': dropped('buffer-full'),
      'memory-full': dropped('memory-full'),
      'too-old': dropped('too-old'),
      removed: dropped('removed'),
      other: dropped('other'),
    }
    counters.gauge('bridge_batch_messages', () => this.lastBatch, { bridge })
    counters.gauge('bridge_send_latency_seconds', () => this.lastSendMs / 1_000, { bridge })
  }

  drop(reason: BridgeDrop, messages = 1): void {
    this.#dropped[reason].value += messages
  }

  get dropped(): number {
    let sum = 0
    for (const { value } of Object.values(this.#dropped)) sum += value
    return sum
  }

  sentBatch(messages: number, bytes: number, ms: number): void {
    this.sent.value += messages
    this.bytes.value += bytes
    this.batches.value++
    this.sendSeconds.value += ms / 1_000
    this.lastBatch = messages
    this.lastSendMs = ms
  }
}
