import { ByteReader, ByteWriter } from '../spool/bytes.ts'

/** One for all: offsets are packed in one go. */
const writer = new ByteWriter()

/** Rising offsets, and the sizes of their messages: offsets follow each other closely, so most entries take three bytes. */
export class PackedOffsets {
  readonly length: number
  readonly #first: number
  readonly #last: number
  readonly #bytes: Uint8Array

  /** Undefined where they do not rise. */
  static of(offsets: readonly number[], sizes: readonly number[]): PackedOffsets | undefined {
    const [first] = offsets
    if (first === undefined) return undefined
    writer.clear()
    let last = first
    for (let i = 0; i < offsets.length; i++) {
      const offset = offsets[i] as number
      if (offset < last) return undefined
      writer.varint(offset - last)
      writer.varint(sizes[i] as number)
      last = offset
    }
    const bytes = Uint8Array.prototype.slice.call(writer.slice(0, writer.length))
    return new PackedOffsets(offsets.length, first, last, bytes)
  }

  private constructor(length: number, first: number, last: number, bytes: Uint8Array) {
    this.length = length
    this.#first = first
    this.#last = last
    this.#bytes = bytes
  }

  /** False: it is not among them. */
  mayHold(offset: number): boolean {
    return offset >= this.#first && offset <= this.#last
  }

  unpack(): { readonly offsets: number[]; readonly sizes: number[] } {
    const reader = new ByteReader(this.#bytes)
    const offsets: number[] = []
    const sizes: number[] = []
    let offset = this.#first
    for (let i = 0; i < this.length; i++) {
      offset += reader.varint()
      offsets.push(offset)
      sizes.push(reader.varint())
    }
    return { offsets, sizes }
  }
}
