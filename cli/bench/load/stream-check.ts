/** Which messages of one publisher have come, to one receiver or to all that share them: a bit each, so that loss and duplicates are counted exactly. */
export class StreamCheck {
  #seen = new Uint32Array(64)
  duplicated = 0

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
    return true
  }

  reset(): void {
    this.#seen.fill(0)
    this.duplicated = 0
  }

  #grow(word: number): void {
    const larger = new Uint32Array(Math.max(this.#seen.length * 2, word + 1))
    larger.set(this.#seen)
    this.#seen = larger
  }
}
