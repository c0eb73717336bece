import type { Clock } from '../contract/clock.ts'
import { Deferred } from '../deferred.ts'

/**
 * How long a publisher waits at most. A client that also receives must be read again, whatever has become of the
 * memory: what it would send next may be what frees some.
 */
const patienceMs = 1_000

/** What publishers wait for: room, or the end of their patience. */
export class Relief {
  readonly #deferred = new Deferred()
  readonly #cancel: () => void
  /** The wait is over. */
  over = false

  constructor(clock: Clock) {
    this.#cancel = clock.after(patienceMs, () => this.end())
  }

  get promise(): Promise<void> {
    return this.#deferred.promise
  }

  end(): void {
    this.over = true
    this.#cancel()
    this.#deferred.resolve()
  }
}
