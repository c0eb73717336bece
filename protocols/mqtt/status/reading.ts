import type { Counters } from '../../../kernel/plugin.ts'

/** One look at all numbers. A name alone stands for the sum over its labels, `name label=value` for a part of it. */
export class Reading {
  readonly #values = new Map<string, number>()

  constructor(counters: Counters) {
    for (const { name, labels, value } of counters.all()) {
      this.#add(name, value)
      for (const [label, labelled] of Object.entries(labels)) this.#add(`${name} ${label}=${labelled}`, value)
    }
  }

  /** 0 for what nobody counts. */
  of(...names: readonly string[]): number {
    let sum = 0
    for (const name of names) sum += this.#values.get(name) ?? 0
    return sum
  }

  #add(key: string, value: number): void {
    this.#values.set(key, (this.#values.get(key) ?? 0) + value)
  }
}
