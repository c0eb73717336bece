import type { Clock } from '../../kernel/plugin.ts'

/** What is to be done again and again, until it is stopped. */
export class Timetable {
  readonly #clock: Clock
  readonly #timers = new Set<() => void>()
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  after(ms: number, work: () => void): void {
    if (this.#stopped) return
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel)
      work()
    })
    this.#timers.add(cancel)
  }

  /** The first time after `firstMs`. */
  every(ms: number, work: () => void, firstMs = ms): void {
    this.after(firstMs, () => {
      work()
      this.every(ms, work)
    })
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }
}
