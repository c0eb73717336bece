/** How many offsets share one count, unless somebody says otherwise. */
export const blockSize = 1024

interface Relocation {
  /** Where the message stands now. */
  readonly place: number
  references: number
}

/**
 * Counts what still refers to each block of offsets, so that the log can be trimmed up to the first block in use. A
 * count a block, not a message: ten million queued messages cost ten thousand numbers. Messages that were written
 * again, to free the block they stood in, keep their offset as their name, and are counted where they stand now.
 */
export class Ledger {
  readonly blockSize: number
  readonly #live = new Map<number, number>()
  readonly #relocated = new Map<number, Relocation>()

  constructor(size = blockSize) {
    this.blockSize = size
  }

  /** References to the message of this name. */
  add(offset: number, references: number): void {
    const relocation = this.#relocated.get(offset)
    if (relocation) relocation.references += references
    this.#count(relocation?.place ?? offset, references)
  }

  remove(offset: number, references = 1): void {
    const relocation = this.#relocated.get(offset)
    this.#count(relocation?.place ?? offset, -references)
    if (!relocation) return
    relocation.references -= references
    if (relocation.references <= 0) this.#relocated.delete(offset)
  }

  /** So many references to this message are counted at another place from now on. */
  relocate(offset: number, place: number, references: number): void {
    this.#count(this.#relocated.get(offset)?.place ?? offset, -references)
    this.#relocated.set(offset, { place, references })
    this.#count(place, references)
  }

  /** Where in the log the message of this name stands. */
  place(offset: number): number {
    return this.#relocated.get(offset)?.place ?? offset
  }

  /** The first offset still needed, between the log's ends: everything before it may go. */
  needed(first: number, next: number): number {
    const { blockSize } = this
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

  #count(offset: number, references: number): void {
    const block = Math.floor(offset / this.blockSize)
    const left = (this.#live.get(block) ?? 0) + references
    if (left > 0) this.#live.set(block, left)
    else this.#live.delete(block)
  }
}
