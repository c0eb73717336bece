import type { Clock } from '../../kernel/plugin.ts'

/** Time that stands still until a test advances it. Timers fire in the order they fall due, equal ones in the order they were set. */
export class ManualClock implements Clock {
  #now: number
  #timers: { readonly at: number; readonly work: () => void }[] = []

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  /** Timers that are set and neither fired nor cancelled. */
  get pending(): number {
    return this.#timers.length
  }

  now(): number {
    return this.#now
  }

  /** Sets the wall clock without time passing: timers stay as far away as they were. */
  jump(ms: number): void {
    this.#now += ms
    this.#timers = this.#timers.map(timer => Object.assign(timer, { at: timer.at + ms }))
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), work }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /**
   * Moves time forward, firing what falls due at its own moment; after each timer, promises and one turn of the event
   * loop get to run, so that what a timer starts may set further timers within the same advance.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter(timer => timer !== due)
      this.#now = Math.max(this.#now, due.at)
      due.work()
      await turn()
    }
    this.#now = end
    await turn()
  }
}

/** One turn of the event loop: promises and immediates that were pending have run. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
