/** Writes fields of MQTT packets, one after the other. */
export class Writer {
  #bytes: number[] = []

  byte(value: number): this {
    this.#bytes.push(value & 0xff)
    return this
  }

  short(value: number): this {
    return this.byte(value >> 8).byte(value)
  }

  long(value: number): this {
    return this.short(value >>> 16).short(value & 0xffff)
  }

  /** A variable byte integer. */
  length(value: number): this {
    let left = value
    do {
      const low = left % 128
      left = Math.floor(left / 128)
      this.byte(left > 0 ? low | 0x80 : low)
    } while (left > 0)
    return this
  }

  bytes(value: Uint8Array): this {
    for (const byte of value) this.#bytes.push(byte)
    return this
  }

  /** UTF-8 behind its length. */
  text(value: string): this {
    const bytes = new TextEncoder().encode(value)
    return this.short(bytes.length).bytes(bytes)
  }

  /** What another writer holds, behind its length. */
  block(inner: Writer): this {
    const bytes = inner.take()
    return this.length(bytes.length).bytes(bytes)
  }

  take(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes)
  }
}

/** Reads fields of one packet. @throws RangeError where it ends too early */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw new RangeError('a packet ends too early')
    return value
  }

  short(): number {
    return (this.byte() << 8) | this.byte()
  }

  long(): number {
    return this.short() * 65_536 + this.short()
  }

  length(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a length has more than four bytes')
  }

  bytes(count = this.left): Uint8Array {
    if (count > this.left) throw new RangeError('a packet ends too early')
    const value = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += count
    return value
  }

  text(): string {
    return new TextDecoder().decode(this.bytes(this.short()))
  }
}
