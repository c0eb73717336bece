/** From this size on bytes stay a buffer: what a buffer costs beside them is little then. */
const bufferFromBytes = 4_096

/**
 * Bytes that lie for long and are read seldom. Few of them are characters of V8's heap, one a byte, because a buffer of
 * its own costs some 350 bytes beside them, and after each large collection V8 looks through all buffers there are, which
 * stops a broker with hundreds of thousands of them for tens of milliseconds.
 */
export type PackedBytes = string | Uint8Array

/** A copy that nobody else has. */
export function packBytes(bytes: PackedBytes): PackedBytes {
  if (typeof bytes === 'string') return bytes
  if (bytes.length >= bufferFromBytes) return Uint8Array.prototype.slice.call(bytes)
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length)
}

/** The same of a part of a buffer. */
export function packPart(buffer: Buffer, start: number, end: number): PackedBytes {
  if (end - start >= bufferFromBytes) return Uint8Array.prototype.slice.call(buffer, start, end)
  return buffer.latin1Slice(start, end)
}

/** The bytes: a new copy of few, else those that are kept. */
export function unpackBytes(packed: PackedBytes): Uint8Array {
  return typeof packed === 'string' ? Buffer.from(packed, 'latin1') : packed
}

/** Copies them to `at`; for who writes few of them into something larger nothing is made in between. */
export function writeBytes(into: Buffer, at: number, packed: PackedBytes): void {
  if (typeof packed === 'string') into.latin1Write(packed, at, packed.length)
  // Half the price of `set`.
  else if (packed instanceof Buffer) packed.copy(into, at)
  else into.set(packed, at)
}

declare global {
  interface Buffer {
    /** Node's own behind `toString('latin1')` and `write`, without the search for an encoding's name. */
    latin1Slice(start: number, end: number): string
    latin1Write(text: string, position: number, bytes: number): number
  }
}
