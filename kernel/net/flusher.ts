/** Something with output to write at the end of the turn. Must not throw. */
export interface Flushable {
  flush(): void
}

/** Outputs of this turn that are written at its end, and as many of those that earlier turns left: a few milliseconds' work. */
const outputsPerTurn = 128

/**
 * Writes every connection's output once per turn of the event loop: all that the turn's reads produced goes out in one
 * system call per socket, however many messages it holds. A turn that has to do with more sockets than it can write to in
 * a few milliseconds leaves those that came first to the next ones, because who fills so many outputs came early; each turn
 * writes its own first, and they follow in the order they were left, so that nobody is forgotten.
 */
export class Flusher {
  /** Of this turn. Counted beside the array, which keeps its room from turn to turn. */
  #dirty: (Flushable | undefined)[] = []
  #count = 0
  #flushing: (Flushable | undefined)[] = []
  /** Of earlier turns, oldest first, from `#next` on. */
  #left: (Flushable | undefined)[] = []
  #next = 0
  #scheduled = false

  /** Turns before this one have left something to write. */
  get behind(): boolean {
    return this.#left.length > 0
  }

  /** Has `output` flushed at the end of this turn, or soon after. The caller marks itself once, not once a message. */
  mark(output: Flushable): void {
    this.#dirty[this.#count++] = output
    if (!this.#scheduled) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    const batch = this.#dirty
    const count = this.#count
    this.#dirty = this.#flushing
    this.#flushing = batch
    this.#count = 0
    const kept = Math.max(0, count - outputsPerTurn)
    for (let at = kept; at < count; at++) {
      batch[at]?.flush()
      batch[at] = undefined
    }
    this.#flushLeft()
    for (let at = 0; at < kept; at++) {
      this.#left.push(batch[at])
      batch[at] = undefined
    }
    if (this.behind && !this.#scheduled) this.#schedule()
  }

  #flushLeft(): void {
    const end = Math.min(this.#left.length, this.#next + outputsPerTurn)
    for (; this.#next < end; this.#next++) {
      this.#left[this.#next]?.flush()
      this.#left[this.#next] = undefined
    }
    if (this.#next < this.#left.length) return
    this.#left = []
    this.#next = 0
  }
}
