import type { Clock } from '../contract/clock.ts'
import type { Message } from '../contract/message.ts'
import type { Queue } from '../queues/queue.ts'
import type { Spool } from '../spool/spool.ts'

/** What waits to be sent: how much of it, and for how long the oldest has been waiting. */
export interface LagView {
  readonly messages: number
  /** As limits count them: payload, topic and 64 for each message; for one that a restart found, its record in the log. */
  readonly bytes: number
  readonly ageMs: number
}

interface LagParts {
  readonly clock: Clock
  readonly spool: Spool | undefined
}

/** The lag of one bridge, whether or not somebody takes from its queue. */
export class Lag {
  readonly #parts: LagParts
  readonly #queue: () => Queue | undefined
  /** Of the oldest message that was seen; `offset` where it was read from the spool. */
  #oldest: { readonly offset: number; readonly publishedAt: number } | undefined
  #reading = -1

  constructor(parts: LagParts, queue: () => Queue | undefined) {
    this.#parts = parts
    this.#queue = queue
  }

  /** What is on disk alone is read first; until then the age is that of the oldest seen before, or 0. */
  view(): LagView {
    const queue = this.#queue()
    if (!queue || queue.depth === 0) {
      this.#oldest = undefined
      return { messages: 0, bytes: 0, ageMs: 0 }
    }
    const oldest = queue.oldest
    if (typeof oldest === 'object') this.#saw(oldest, -1)
    else if (oldest !== undefined && oldest !== this.#oldest?.offset) void this.#read(oldest)
    const ageMs = this.#oldest ? Math.max(0, this.#parts.clock.now() - this.#oldest.publishedAt) : 0
    return { messages: queue.depth, bytes: queue.bytes, ageMs }
  }

  async #read(offset: number): Promise<void> {
    if (this.#reading === offset) return
    this.#reading = offset
    try {
      const message = (await this.#parts.spool?.load([offset]))?.get(offset)
      if (message) this.#saw(message, offset)
    } catch {
      // It left while it was being read; whoever asks next asks for another.
    } finally {
      if (this.#reading === offset) this.#reading = -1
    }
  }

  #saw({ publishedAt }: Message, offset: number): void {
    this.#oldest = { offset, publishedAt }
  }
}
