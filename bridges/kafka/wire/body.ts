/** Requests are written, answers are read, in the order of their grammar: numbers big-endian, texts and lists after their length. */
export class BodyWriter {
  readonly #parts: Buffer[] = []

  int8(value: number): this {
    return this.#number(1, value)
  }

  int16(value: number): this {
    return this.#number(2, value)
  }

  int32(value: number): this {
    return this.#number(4, value)
  }

  int64(value: bigint): this {
    const part = Buffer.allocUnsafe(8)
    part.writeBigInt64BE(value)
    this.#parts.push(part)
    return this
  }

  /** INT16 length, UTF-8. */
  string(value: string): this {
    const bytes = Buffer.from(value)
    this.int16(bytes.length)
    this.#parts.push(bytes)
    return this
  }

  /** INT32 length, and the bytes themselves, not copied. */
  bytes(value: Buffer): this {
    this.int32(value.length)
    this.#parts.push(value)
    return this
  }

  parts(): readonly Buffer[] {
    return this.#parts
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #number(bytes: 1 | 2 | 4, value: number): this {
    const part = Buffer.allocUnsafe(bytes)
    part.writeIntBE(value, 0, bytes)
    this.#parts.push(part)
    return this
  }
}

/** @throws RangeError past the end */
export class BodyReader {
  #at = 0
  readonly #body: Buffer

  constructor(body: Buffer) {
    this.#body = body
  }

  int16(): number {
    return this.#body.readInt16BE((this.#at += 2) - 2)
  }

  int32(): number {
    return this.#body.readInt32BE((this.#at += 4) - 4)
  }

  int64(): bigint {
    return this.#body.readBigInt64BE((this.#at += 8) - 8)
  }

  string(): string {
    return this.#take(this.int16()).toString()
  }

  nullableString(): string | undefined {
    const length = this.int16()
    return length < 0 ? undefined : this.#take(length).toString()
  }

  /** A view. */
  bytes(): Buffer | undefined {
    const length = this.int32()
    return length < 0 ? undefined : this.#take(length)
  }

  /** A null list is an empty one. */
  list<Item>(read: () => Item): Item[] {
    const count = this.int32()
    const items: Item[] = []
    // An item takes a byte at least, so a count that is a lie ends at the end of the body.
    for (let index = 0; index < count; index++) items.push(read())
    return items
  }

  #take(length: number): Buffer {
    if (length < 0 || this.#at + length > this.#body.length) throw new RangeError('the answer is cut off')
    return this.#body.subarray(this.#at, (this.#at += length))
  }
}
