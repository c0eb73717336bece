import type { Clock } from '../contract/clock.ts'

export interface GateOptions {
  /** Work running at once. */
  readonly concurrent: number
  /** Work waiting for its turn. */
  readonly waiting: number
  /** The longest wait for a turn, and the longest run after it. */
  readonly timeoutMs: number
}

interface Waiting {
  start(): void
}

/** Protects a slow back end: so many calls at once, so many waiting, all of them for a limited time. */
export class Gate {
  readonly #clock: Clock
  readonly #options: GateOptions
  /** In order of arrival; a Set, so that a timeout removes from the middle at no cost. */
  readonly #queue = new Set<Waiting>()
  #running = 0

  constructor(clock: Clock, options: GateOptions) {
    this.#clock = clock
    this.#options = options
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Resolves to what `work` resolves to; to 'full' when too many wait, or the turn did not come in time; to 'timeout'
   * when the work took too long: its place is then free again, and its outcome ignored. Work whose asker is gone
   * before its turn is never started and resolves to 'full'. Rejects as `work` does.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T | 'full' | 'timeout'> {
    if (this.#running >= this.#options.concurrent && this.#queue.size >= this.#options.waiting) {
      return Promise.resolve('full')
    }
    return new Promise((resolve, reject) => {
      let state: 'waiting' | 'running' | 'done' = 'waiting'
      let cancel = (): void => {}
      const settle = (finish: () => void): void => {
        if (state === 'done') return
        const ran = state === 'running'
        state = 'done'
        cancel()
        finish()
        if (ran) {
          this.#running -= 1
          this.#next()
        }
      }
      const waiting: Waiting = {
        start: () => {
          if (signal?.aborted) return settle(() => resolve('full'))
          state = 'running'
          this.#running += 1
          cancel()
          cancel = this.#clock.after(this.#options.timeoutMs, () => settle(() => resolve('timeout')))
          Promise.resolve()
            .then(work)
            .then(
              value => settle(() => resolve(value)),
              error => settle(() => reject(error)),
            )
        },
      }
      if (this.#running < this.#options.concurrent) return waiting.start()
      this.#queue.add(waiting)
      cancel = this.#clock.after(this.#options.timeoutMs, () => {
        this.#queue.delete(waiting)
        settle(() => resolve('full'))
      })
    })
  }

  #next(): void {
    for (const waiting of this.#queue) {
      if (this.#running >= this.#options.concurrent) return
      this.#queue.delete(waiting)
      waiting.start()
    }
  }
}
