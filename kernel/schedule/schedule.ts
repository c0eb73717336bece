import type { Clock } from '../contract/clock.ts'

/** The longest time a timer is set for at once: Node's own limit is 2^31 - 1 ms. */
const longestTimerMs = 2_000_000_000

/** Something due; `cancel` is safe at any time. */
export interface Due {
  cancel(): void
}

/** What is done in one turn of the event loop: a crash may have left a hundred thousand sessions to end at one moment. */
const worksPerTurn = 256

/** Fewer cancelled entries are not worth a look at all entries. */
const cancelledKept = 1024

class Entry implements Due {
  readonly at: number
  readonly order: number
  work: (() => void) | undefined
  readonly #schedule: Schedule

  constructor(schedule: Schedule, at: number, order: number, work: () => void) {
    this.at = at
    this.order = order
    this.work = work
    this.#schedule = schedule
  }

  cancel(): void {
    if (!this.work) return
    this.work = undefined
    this.#schedule.cancelled(this.at)
  }
}

/**
 * One ordered table of due work for the whole kernel, with one timer: delayed publishes, wills, expiries of sessions
 * and retained messages. What must survive a restart is kept by its owner, who enters it here again.
 */
export class Schedule {
  readonly #clock: Clock
  /** A binary heap by time, then by order of entry. */
  #heap: Entry[] = []
  /** Entries in the heap that were cancelled. */
  #cancelled = 0
  #order = 0
  #timerAt = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#heap.length
  }

  /** Calls `work` at `time`, ms since the epoch, or as soon as possible when that is past. Infinity: never. */
  at(time: number, work: () => void): Due {
    const entry = new Entry(this, time, this.#order++, work)
    if (time === Number.POSITIVE_INFINITY) return entry
    this.#push(entry)
    if (time < this.#timerAt) this.#setTimer()
    return entry
  }

  /**
   * Called by an entry. It leaves the heap at its time; but when most entries are such (clients that reconnect, values
   * that are replaced), all of them leave at once, so that they never outnumber what is really due.
   */
  cancelled(time: number): void {
    if (time === Number.POSITIVE_INFINITY) return
    this.#cancelled++
    if (this.#cancelled < cancelledKept || this.#cancelled * 2 < this.#heap.length) return
    this.#heap = this.#heap.filter(({ work }) => work)
    this.#cancelled = 0
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  close(): void {
    this.#cancelTimer?.()
    this.#heap.length = 0
    this.#cancelled = 0
  }

  #run(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let left = worksPerTurn
    for (let first = this.#heap[0]; first && left > 0 && (first.at <= now || !first.work); first = this.#heap[0]) {
      this.#pop()
      const { work } = first
      if (work) left--
      else this.#cancelled--
      first.work = undefined
      work?.()
    }
    this.#setTimer()
  }

  #setTimer(): void {
    const first = this.#heap[0]
    if (!first) return
    this.#cancelTimer?.()
    this.#timerAt = first.at
    const delayMs = Math.min(Math.max(0, first.at - this.#clock.now()), longestTimerMs)
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#run())
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(entry, heap[parent] as Entry)) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    heap[0] = last
    this.#sink(0)
  }

  /** Moves the entry there down until none below it comes before it. */
  #sink(from: number): void {
    const heap = this.#heap
    const entry = heap[from] as Entry
    let at = from
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++
      if (!before(heap[child] as Entry, entry)) break
      heap[at] = heap[child] as Entry
      at = child
    }
    heap[at] = entry
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
