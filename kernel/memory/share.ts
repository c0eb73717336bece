import type { Message } from '../contract/message.ts'

/** What a message costs beyond its payload and topic: its object, its buffer's, its strings'. */
const messageOverheadBytes = 256

/** What all shares of one limit draw from. */
export interface Pool {
  /** What may still be held; Infinity without a limit. */
  readonly freeBytes: number
  usedBytes: number
}

/**
 * One part of what the broker holds. It may grow to a multiple of what is still free, so every part finds room however
 * much the others took, and no order of floods fills all of it. (A. Choudhury and E. Hahne, "Dynamic queue length
 * thresholds for shared-memory packet switches", 1998.)
 */
export class Share {
  /** Held now. */
  bytes = 0
  readonly #pool: Pool
  readonly #weight: number
  readonly #capBytes: number
  readonly #floorBytes: number

  /**
   * `weight`: how many times what is free. `capBytes`: never more than this; 0: no limit of its own. `floorBytes`: so
   * much always, however little is free.
   */
  constructor(pool: Pool, weight: number, { capBytes = 0, floorBytes = 0 } = {}) {
    this.#pool = pool
    this.#weight = weight
    this.#capBytes = capBytes > 0 ? capBytes : Number.POSITIVE_INFINITY
    this.#floorBytes = floorBytes
  }

  /** What all of it may come to at this moment. */
  get limitBytes(): number {
    return Math.min(this.#capBytes, Math.max(this.#floorBytes, this.#weight * this.#pool.freeBytes))
  }

  /** What it may still grow by. */
  get freeBytes(): number {
    return this.limitBytes - this.bytes
  }

  take(bytes: number): void {
    this.bytes += bytes
    this.#pool.usedBytes += bytes
  }

  give(bytes: number): void {
    // Not as the taking of a negative number: that of 0 is -0, and makes a floating point number of every sum.
    this.bytes -= bytes
    this.#pool.usedBytes -= bytes
  }

  /** A message is held in one more place. It counts once, in however many it is. */
  hold(message: Message): void {
    if (message.holders++ === 0) this.take(costOf(message))
  }

  release(message: Message): void {
    if (--message.holders === 0) this.give(costOf(message))
  }
}

/** Bytes of memory that a message takes, by rule of thumb. */
export function costOf(message: Message): number {
  return message.payloadBytes + message.topic.length + messageOverheadBytes
}
