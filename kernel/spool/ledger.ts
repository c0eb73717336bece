/** How many offsets share one count. */
export const blockSize = 1024

/**
 * Counts what still refers to each block of offsets, so that the log can be trimmed up to the first block in use. A
 * count a block, not a message: ten million queued messages cost ten thousand numbers.
 */
export class Ledger {
  readonly #live = new Map<number, number>()

  add(offset: number, references: number): void {
    const block = Math.floor(offset / blockSize)
    this.#live.set(block, (this.#live.get(block) ?? 0) + references)
  }

  remove(offset: number, references = 1): void {
    const block = Math.floor(offset / blockSize)
    const left = (this.#live.get(block) ?? 0) - references
    if (left > 0) this.#live.set(block, left)
    else this.#live.delete(block)
  }

  /** The first offset still needed, between the log's ends: everything before it may go. */
  needed(first: number, next: number): number {
    const last = Math.floor(next / blockSize)
    for (let block = Math.floor(first / blockSize); block < last; block++) {
      if (this.#live.has(block)) return Math.max(first, block * blockSize)
    }
    return Math.max(first, last * blockSize)
  }

  get references(): number {
    let sum = 0
    for (const count of this.#live.values()) sum += count
    return sum
  }
}
