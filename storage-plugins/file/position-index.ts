/** Where reading can begin. At a frame's header `frameEnd` equals `position`; inside a frame it is that frame's end. */
export interface Place {
  readonly offset: number
  readonly position: number
  readonly frameEnd: number
}

/** A sparse map from a segment's offsets to byte positions, in typed arrays: 12 bytes an entry. */
export class PositionIndex {
  /** One entry for about this many bytes of a segment: 24 KiB of index for 64 MB of records. */
  static readonly intervalBytes = 32_768
  readonly #first: number
  /** Triples: offset less `first`, position, frame end. */
  #entries = new Uint32Array(3 * 16)
  #length = 0

  constructor(first: number) {
    this.#first = first
  }

  /** The position after which the next entry is due. */
  get dueAt(): number {
    return this.#length === 0 ? 0 : (this.#entries[3 * this.#length - 2] ?? 0) + PositionIndex.intervalBytes
  }

  add(offset: number, position: number, frameEnd: number): void {
    const at = 3 * this.#length++
    if (at === this.#entries.length) {
      const larger = new Uint32Array(2 * at)
      larger.set(this.#entries)
      this.#entries = larger
    }
    this.#entries[at] = offset - this.#first
    this.#entries[at + 1] = position
    this.#entries[at + 2] = frameEnd
  }

  /** The last entry at or before an offset; the index is never asked before it has its first entry. */
  find(offset: number): Place {
    let low = 0
    let high = this.#length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#entries[3 * middle] ?? 0) <= offset - this.#first) low = middle
      else high = middle - 1
    }
    return {
      offset: this.#first + (this.#entries[3 * low] ?? 0),
      position: this.#entries[3 * low + 1] ?? 0,
      frameEnd: this.#entries[3 * low + 2] ?? 0,
    }
  }

  /** Gives back what growing left over, when a segment is full. */
  shrink(): void {
    this.#entries = this.#entries.slice(0, 3 * this.#length)
  }
}
