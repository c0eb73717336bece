import type { FrameReader } from '../cluster/frame-reader.ts'
import type { FrameWriter } from '../cluster/frame-writer.ts'
import type { Counter, Counters, Labels } from '../contract/observe.ts'
import { CounterSet } from '../observe/counters.ts'

const types = ['counter', 'gauge'] as const

interface Told {
  readonly name: string
  readonly labels: Labels
  readonly type: (typeof types)[number]
  read(): number
  told: number
}

/** What a worker counts: kept here, and told to the owner, who shows the sum. */
export class CrossingCounters implements Counters {
  readonly #set = new CounterSet()
  readonly #numbers: Told[] = []
  /** How many of them the owner knows by name. */
  #known = 0

  counter(name: string, labels: Labels = {}): Counter {
    const counter = this.#set.counter(name, labels)
    const listed = this.#numbers.some(other => other.name === name && sameLabels(other.labels, labels))
    if (!listed) this.#numbers.push({ name, labels, type: 'counter', read: () => counter.value, told: 0 })
    return counter
  }

  gauge(name: string, read: () => number, labels: Labels = {}): void {
    this.#set.gauge(name, read, labels)
    this.#numbers.push({ name, labels, type: 'gauge', read, told: 0 })
  }

  all(): ReturnType<Counters['all']> {
    return this.#set.all()
  }

  /** Writes what changed since it was told last. */
  tell(begin: () => FrameWriter): void {
    let frame: FrameWriter | undefined
    for (let i = 0; i < this.#numbers.length; i++) {
      const number = this.#numbers[i] as Told
      const isNew = i === this.#known
      const value = Math.max(0, Math.round(number.read()))
      if (value === number.told && !isNew) continue
      frame ??= begin()
      frame.varint(i)
      if (isNew) {
        frame.uint8(types.indexOf(number.type))
        frame.string(number.name)
        frame.string(JSON.stringify(number.labels))
        this.#known++
      }
      frame.varint(number.type === 'gauge' ? value : value - number.told)
      number.told = value
    }
  }
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}

/** One worker's numbers at the owner: its counters are part of the node's, its gauges carry its name. */
export class WorkerNumbers {
  readonly #counters: Counters
  readonly #worker: string
  readonly #known: { readonly gauge: boolean; readonly number: Counter }[] = []

  constructor(counters: Counters, worker: string) {
    this.#counters = counters
    this.#worker = worker
  }

  take(body: FrameReader): void {
    while (body.more) {
      const index = body.varint()
      if (index === this.#known.length) this.#learn(body)
      const known = this.#known[index]
      if (!known) throw new RangeError(`a number ${index} that was never named`)
      const value = body.varint()
      if (known.gauge) known.number.value = value
      else known.number.value += value
    }
  }

  /** The worker is gone: what it counted stays counted, what it held is no more. */
  forget(): void {
    for (const { gauge, number } of this.#known) if (gauge) number.value = 0
  }

  #learn(body: FrameReader): void {
    const type = types[body.uint8()] ?? 'counter'
    const name = body.string()
    const labels = JSON.parse(body.string()) as Labels
    if (type === 'counter') {
      this.#known.push({ gauge: false, number: this.#counters.counter(name, labels) })
      return
    }
    const number = { value: 0 }
    this.#known.push({ gauge: true, number })
    this.#counters.gauge(name, () => number.value, { ...labels, worker: this.#worker })
  }
}
