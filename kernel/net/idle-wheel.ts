import type { Clock } from '../contract/clock.ts'

export const tickMs = 250

/**
 * The most that one tick counts. A process that was stopped, or a wall clock that was set, must not make every peer look
 * silent at once: the time in which we did not read is not held against them.
 */
const longestTickMs = 1000

/** What is looked at on every tick. Must not throw. */
export interface Watched {
  /** `elapsedMs` only ever grows, by what the broker's own ticks counted. */
  tick(elapsedMs: number): void
}

/** One timer for every deadline of every connection. It runs only while something is watched. */
export class IdleWheel {
  readonly #clock: Clock
  readonly #watched = new Set<Watched>()
  #elapsedMs = 0
  #tickedAt = 0
  #running = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Time as of the last tick: never ahead of the truth. */
  get elapsedMs(): number {
    return this.#elapsedMs
  }

  get size(): number {
    return this.#watched.size
  }

  watch(watched: Watched): void {
    this.#watched.add(watched)
    if (this.#running) return
    this.#running = true
    this.#tickedAt = this.#clock.now()
    this.#clock.after(tickMs, this.#tick)
  }

  unwatch(watched: Watched): void {
    this.#watched.delete(watched)
  }

  readonly #tick = (): void => {
    if (this.#watched.size === 0) {
      this.#running = false
      return
    }
    const now = this.#clock.now()
    this.#elapsedMs += Math.min(Math.max(now - this.#tickedAt, 0), longestTickMs)
    this.#tickedAt = now
    this.#clock.after(tickMs, this.#tick)
    for (const watched of this.#watched) watched.tick(this.#elapsedMs)
  }
}
