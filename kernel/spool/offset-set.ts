/** Offsets of one range, a bit each: ten million take 1.2 MB. */
export class OffsetSet {
  readonly #first: number
  readonly #bits: Uint8Array

  constructor(first: number, next: number) {
    this.#first = first
    this.#bits = new Uint8Array(Math.ceil((next - first) / 8))
  }

  add(offset: number): void {
    const at = offset - this.#first
    const byte = Math.floor(at / 8)
    if (at >= 0) this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (at % 8))
  }

  /** False for what is out of the range. */
  has(offset: number): boolean {
    const at = offset - this.#first
    return at >= 0 && ((this.#bits[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0
  }
}
