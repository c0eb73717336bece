/**
 * Looks that find nothing for long, as when a filter is held against a million topics: one goes on each turn of the event
 * loop, in the order they asked, so that however many there are they wait for each other and nobody waits for them.
 */
export class LongLooks {
  readonly #waiting: (() => void)[] = []

  /** `goOn` looks for another while, and asks again if that was not enough. */
  later(goOn: () => void): void {
    if (this.#waiting.push(goOn) === 1) setImmediate(this.#next)
  }

  readonly #next = (): void => {
    const [goOn] = this.#waiting
    goOn?.()
    this.#waiting.shift()
    if (this.#waiting.length > 0) setImmediate(this.#next)
  }
}
