import { type PackedBytes, packPart, writeBytes } from '../contract/packed-bytes.ts'

/** Up to so many characters, nearly always ASCII, are written faster here than by a call into the runtime. */
const shortString = 32

/** Writes numbers, strings and bytes one after the other into one growing buffer, reused from batch to batch. */
export class ByteWriter {
  protected buffer: Buffer = Buffer.allocUnsafe(65_536)
  length = 0

  uint8(value: number): void {
    this.room(1)
    this.buffer[this.length++] = value
  }

  /** Unsigned LEB128, up to 2^53 - 1. */
  varint(value: number): void {
    this.room(8)
    let rest = value
    // Times do not fit into 32 bits, and their remainders are floating point, each slower than all of the rest together.
    while (rest > 0x7fffffff) {
      const upper = Math.floor(rest / 128)
      this.buffer[this.length++] = (rest - upper * 128) | 128
      rest = upper
    }
    for (; rest > 127; rest >>>= 7) this.buffer[this.length++] = (rest & 127) | 128
    this.buffer[this.length++] = rest
  }

  string(value: string): void {
    if (value.length <= shortString && this.#ascii(value)) return
    // At most three bytes a UTF-16 unit: reserve that, write, then put the true length before it.
    const most = value.length * 3
    this.room(most + 8)
    const bytes = most < 128 ? this.buffer.write(value, this.length + 1) : Buffer.byteLength(value)
    this.varint(bytes)
    if (most >= 128) this.buffer.write(value, this.length)
    this.length += bytes
  }

  /** False: it is more than ASCII, and nothing was written. */
  #ascii(value: string): boolean {
    const { length } = value
    this.room(length + 1)
    const from = this.length + 1
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return false
      this.buffer[from + i] = code
    }
    this.buffer[this.length] = length
    this.length = from + length
    return true
  }

  bytes(value: PackedBytes): void {
    this.varint(value.length)
    this.room(value.length)
    writeBytes(this.buffer, this.length, value)
    this.length += value.length
  }

  /** What was written between two lengths; valid until the next write. */
  slice(from: number, to: number): Uint8Array {
    return this.buffer.subarray(from, to)
  }

  clear(): void {
    this.length = 0
    // One huge batch must not keep its buffer for ever.
    if (this.buffer.length > 8_388_608) this.buffer = Buffer.allocUnsafe(65_536)
  }

  protected room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
}

/** Reads what a ByteWriter wrote. Trusts its input: the log below has checked it. */
export class ByteReader {
  protected buffer: Buffer
  protected at = 0

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get left(): number {
    return this.buffer.length - this.at
  }

  uint8(): number {
    return this.buffer[this.at++] as number
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.buffer[this.at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
  }

  string(): string {
    const length = this.varint()
    this.at += length
    return this.buffer.toString('utf8', this.at - length, this.at)
  }

  /** An own copy. */
  bytes(): Uint8Array {
    const length = this.varint()
    this.at += length
    return Uint8Array.prototype.slice.call(this.buffer, this.at - length, this.at)
  }

  /** An own copy, packed. */
  packed(): PackedBytes {
    const length = this.varint()
    this.at += length
    return packPart(this.buffer, this.at - length, this.at)
  }

  /** The bytes themselves, not a copy: for as long as what is read stays as it is. */
  lent(): Uint8Array {
    const length = this.varint()
    this.at += length
    return this.buffer.subarray(this.at - length, this.at)
  }
}
