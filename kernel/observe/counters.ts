import type { Counter, Counters, Labels } from '../contract/observe.ts'

/** Numbers by name and labels, in plain memory; whoever exports them reads `all`. */
export class CounterSet implements Counters {
  readonly #counters = new Map<string, { name: string; labels: Labels; counter: Counter }>()
  readonly #gauges = new Map<string, { name: string; labels: Labels; read: () => number }>()

  counter(name: string, labels: Labels = {}): Counter {
    const key = keyOf(name, labels)
    let entry = this.#counters.get(key)
    if (!entry) this.#counters.set(key, (entry = { name, labels, counter: { value: 0 } }))
    return entry.counter
  }

  gauge(name: string, read: () => number, labels: Labels = {}): void {
    this.#gauges.set(keyOf(name, labels), { name, labels, read })
  }

  *all(): Iterable<{ name: string; labels: Labels; type: 'counter' | 'gauge'; value: number }> {
    for (const { name, labels, counter } of this.#counters.values()) {
      yield { name, labels, type: 'counter', value: counter.value }
    }
    for (const { name, labels, read } of this.#gauges.values()) {
      yield {
        name,
        labels,
        type: 'gauge',
        get value() {
          return read()
        },
      }
    }
  }
}

function keyOf(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${name} ${pairs.map(([label, value]) => `${label}=${value}`).join(' ')}`
}
