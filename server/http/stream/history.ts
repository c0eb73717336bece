import type { Clock, Counters } from '../../../kernel/plugin.ts'
import { type Readings, readSome, type SeriesName, series, seriesNames, slowSeries, sumOf } from './readings.ts'

const quickNames = new Set<string>(Object.values(series).flatMap(({ of }) => of))
const slowNames = new Set<string>(slowSeries.queued)
const slowEvery = 10

export type Sample = Readonly<Record<SeriesName, number>>

/** How finely what is kept: about 300 KB in all. */
export const resolutions = [
  { name: '5m', stepMs: 1_000, steps: 300 },
  { name: '1h', stepMs: 10_000, steps: 360 },
  { name: '1d', stepMs: 60_000, steps: 1_440 },
  { name: '7d', stepMs: 600_000, steps: 1_008 },
] as const

export type Span = (typeof resolutions)[number]['name']

/** The numbers of the last week, finer the newer they are. */
export class History {
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #rings = new Map<Span, Ring>()
  readonly #watchers = new Set<(sample: Sample, at: number) => void>()
  #before: { readings: Readings; at: number; cpuMicroseconds: number } | undefined
  #latest: Sample | undefined
  #samples = 0
  #queued = 0
  #cancel: (() => void) | undefined

  constructor(counters: Counters, clock: Clock) {
    this.#counters = counters
    this.#clock = clock
    for (const { name, stepMs, steps } of resolutions) this.#rings.set(name, new Ring(stepMs, steps))
    this.#sample()
    this.#plan()
  }

  get latest(): Sample | undefined {
    return this.#latest
  }

  /** Each point the mean of its step; the oldest first. */
  of(span: Span): readonly { readonly at: number; readonly values: Sample }[] {
    return this.#rings.get(span)?.points() ?? []
  }

  /** Called with each sample, once a second. Returns what ends it. */
  watch(watcher: (sample: Sample, at: number) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  close(): void {
    this.#cancel?.()
    this.#watchers.clear()
  }

  #plan(): void {
    this.#cancel = this.#clock.after(1_000, () => {
      this.#sample()
      this.#plan()
    })
  }

  #sample(): void {
    const at = this.#clock.now()
    const readings = readSome(this.#counters, quickNames)
    if (this.#samples++ % slowEvery === 0) this.#queued = sumOf(readSome(this.#counters, slowNames), slowSeries.queued)
    const { user, system } = process.cpuUsage()
    const now = { readings, at, cpuMicroseconds: user + system }
    const before = this.#before
    this.#before = now
    if (!before || at <= before.at) return
    const seconds = (at - before.at) / 1_000
    const values = {} as Record<SeriesName, number>
    for (const [name, { kind, of }] of Object.entries(series) as [
      keyof typeof series,
      (typeof series)[keyof typeof series],
    ][]) {
      const value = sumOf(readings, of)
      values[name] = kind === 'value' ? value : Math.max(0, value - sumOf(before.readings, of)) / seconds
    }
    values.queued = this.#queued
    values.cpuPercent = (now.cpuMicroseconds - before.cpuMicroseconds) / 10_000 / seconds
    values.memoryBytes = process.memoryUsage.rss()
    this.#latest = values
    for (const ring of this.#rings.values()) ring.add(at, values)
    for (const watcher of this.#watchers) watcher(values, at)
  }
}

/** Means over steps of time, in one block of memory. */
class Ring {
  readonly #stepMs: number
  readonly #steps: number
  readonly #cells: Float64Array
  readonly #times: Float64Array
  #count = 0
  #sums: Float64Array = new Float64Array(seriesNames.length)
  #summed = 0
  #step = -1

  constructor(stepMs: number, steps: number) {
    this.#stepMs = stepMs
    this.#steps = steps
    this.#cells = new Float64Array(steps * seriesNames.length)
    this.#times = new Float64Array(steps)
  }

  add(at: number, values: Sample): void {
    const step = Math.floor(at / this.#stepMs)
    if (step !== this.#step) this.#finish()
    this.#step = step
    for (const [i, name] of seriesNames.entries()) this.#sums[i] = (this.#sums[i] ?? 0) + values[name]
    this.#summed++
  }

  points(): { at: number; values: Sample }[] {
    const held = Math.min(this.#count, this.#steps)
    return Array.from({ length: held }, (_, i) => {
      const cell = (this.#count - held + i) % this.#steps
      const start = cell * seriesNames.length
      const values = Object.fromEntries(seriesNames.map((name, n) => [name, this.#cells[start + n] ?? 0]))
      return { at: this.#times[cell] ?? 0, values: values as Sample }
    })
  }

  #finish(): void {
    if (this.#summed === 0) return
    const cell = this.#count % this.#steps
    this.#times[cell] = this.#step * this.#stepMs
    for (let i = 0; i < seriesNames.length; i++)
      this.#cells[cell * seriesNames.length + i] = (this.#sums[i] ?? 0) / this.#summed
    this.#count++
    this.#sums.fill(0)
    this.#summed = 0
  }
}
