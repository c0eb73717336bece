/** Pauses between attempts: each up to twice as long as the one before, and never the same for two bridges. */
export class Backoff {
  readonly #fromMs: number
  readonly #toMs: number
  readonly #random: () => number
  #failures = 0

  constructor(range: { readonly from: number; readonly to: number }, random: () => number = Math.random) {
    this.#fromMs = range.from
    this.#toMs = range.to
    this.#random = random
  }

  /** Attempts that failed in a row. */
  get failures(): number {
    return this.#failures
  }

  /** After one more failure. What only a person can mend is not tried more often than the longest pause. */
  next(wants: 'repeat' | 'mend' = 'repeat'): number {
    this.#failures++
    const doubled = this.#fromMs * 2 ** Math.min(this.#failures - 1, 30)
    const longest = wants === 'mend' ? this.#toMs : Math.min(doubled, this.#toMs)
    return longest / 2 + (longest / 2) * this.#random()
  }

  succeeded(): void {
    this.#failures = 0
  }
}
