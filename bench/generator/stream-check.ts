/** Which messages of one publisher one receiver has got: a bit each, so that loss and duplicates are counted exactly. */
export class StreamCheck {
  #seen = new Uint32Array(64)
  #next = 0
  duplicated = 0
  reordered = 0

  /** Whether it is the first time. */
  take(sequence: number): boolean {
    const word = sequence >>> 5
    if (word >= this.#seen.length) this.#grow(word)
    const bit = 1 << (sequence & 31)
    const old = this.#seen[word] ?? 0
    if (old & bit) {
      this.duplicated += 1
      return false
    }
    this.#seen[word] = old | bit
    if (sequence < this.#next) this.reordered += 1
    else this.#next = sequence + 1
    return true
  }

  reset(): void {
    this.#seen.fill(0)
    this.#next = this.duplicated = this.reordered = 0
  }

  #grow(word: number): void {
    const larger = new Uint32Array(Math.max(this.#seen.length * 2, word + 1))
    larger.set(this.#seen)
    this.#seen = larger
  }
}
