import type { Clock } from '../contract/clock.ts'

/** A worker that does not hear that a session was taken must not keep its client out. */
const patienceMs = 5_000

/** Sessions that were taken from a connection in some worker which does not know it yet. */
export class Takeovers {
  readonly #clock: Clock
  readonly #told = new Map<string, Promise<void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `told` resolves when the connection has been told, or will never be. */
  began({ key }: { readonly key: string }, told: Promise<unknown>): void {
    let cancel = (): void => {}
    const patience = new Promise<void>(resolve => {
      cancel = this.#clock.after(patienceMs, resolve)
    })
    const over = Promise.race([told, patience]).then(() => {
      cancel()
      if (this.#told.get(key) === over) this.#told.delete(key)
    })
    this.#told.set(key, over)
  }

  of({ key }: { readonly key: string }): Promise<void> | undefined {
    return this.#told.get(key)
  }
}
