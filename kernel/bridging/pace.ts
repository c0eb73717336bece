import type { Clock } from '../contract/clock.ts'

/** Of a turn: what a publish waits longer, at least, while a bridge works. */
const leastMs = 1
/** And at most, however busy the broker is. */
const mostMs = 8
/** The time is looked at once in so many messages. */
const messagesPerLook = 64

/**
 * Divides the work on large batches into turns of the event loop, since thousands of messages in one piece hold up every
 * publish. A turn takes as long as all others had since the last one: a broker with little to do is not
 * held up by its bridge, nor does one with much to do leave its bridge behind. Those who share it share the turn.
 */
export class Pace {
  readonly #clock: Clock
  #since = 0
  #othersMs = 0
  #messages = 0
  /** What all that rest wait for. */
  #next: Promise<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Work begins, after something else was waited for. */
  begin(): void {
    this.#since = this.#clock.now()
  }

  /** To be asked after each message, or a few: what the next one has to wait for. */
  rest(messages = 1): Promise<void> | undefined {
    this.#messages += messages
    if (this.#messages < messagesPerLook) return undefined
    this.#messages = 0
    const now = this.#clock.now()
    const turnMs = Math.min(Math.max(this.#othersMs, leastMs), mostMs)
    if (now - this.#since < turnMs) return undefined
    return (this.#next ??= this.#nextTurn(now))
  }

  async #nextTurn(endedAt: number): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    this.#next = undefined
    this.#since = this.#clock.now()
    this.#othersMs = this.#since - endedAt
  }
}
