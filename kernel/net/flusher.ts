/** Something with output to write at the end of the turn. Must not throw. */
export interface Flushable {
  flush(): void
}

/**
 * Writes every connection's output once per turn of the event loop: all that the turn's reads produced goes out in one
 * system call per socket, however many messages it holds.
 */
export class Flusher {
  #dirty: Flushable[] = []
  #flushing: Flushable[] = []
  #scheduled = false

  /** Has `output` flushed at the end of this turn. The caller marks itself once, not once a message. */
  mark(output: Flushable): void {
    this.#dirty.push(output)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    const batch = this.#dirty
    this.#dirty = this.#flushing
    this.#flushing = batch
    for (const output of batch) output.flush()
    batch.length = 0
  }
}
