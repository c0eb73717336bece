const minutes = [1, 5, 15] as const

/** Smaller changes are not worth a message. */
const leastChange = 0.01

/**
 * How often something happens in a minute, averaged over the last 1, 5 and 15 minutes. Like the system's load: what is
 * older counts exponentially less, so no history is kept. Mosquitto's formula: `rate + e^(-dt/T) * (average - rate)`.
 */
export class LoadAverage {
  readonly #averages = [0, 0, 0]
  #count: number

  /** `count`: as it stands, so that what came before does not count as of the first interval. */
  constructor(count: number) {
    this.#count = count
  }

  /** Takes the count as it stands after `elapsedMs` more, and returns the averages that changed, as they are published. */
  advance(count: number, elapsedMs: number): readonly { minutes: 1 | 5 | 15; text: string }[] {
    const perMinute = ((count - this.#count) * 60_000) / elapsedMs
    this.#count = count
    return minutes.flatMap((span, i) => {
      const before = this.#averages[i] ?? 0
      const decay = Math.exp(-elapsedMs / (span * 60_000))
      const average = perMinute + decay * (before - perMinute)
      this.#averages[i] = average
      return Math.abs(average - before) < leastChange ? [] : [{ minutes: span, text: average.toFixed(2) }]
    })
  }

  /** Before anything is known. */
  static readonly initial = minutes.map(span => ({ minutes: span, text: '0.00' }))
}
