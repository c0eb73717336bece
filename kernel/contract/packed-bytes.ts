/** From this size on bytes stay a buffer: what a buffer costs beside them is little then. */
const bufferFromBytes = 4_096

/**
 * Bytes that lie for long and are read seldom. Few of them are characters of V8's heap, one a byte, because a buffer of
 * its own costs some 350 bytes beside them, and after each large collection V8 looks through all buffers there are, which
 * stops a broker with hundreds of thousands of them for tens of milliseconds.
 */
export type PackedBytes = string | Uint8Array

/** A copy that nobody else has. */
export function packBytes(bytes: Uint8Array): PackedBytes {
  if (bytes.length >= bufferFromBytes) return Uint8Array.prototype.slice.call(bytes)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** The bytes: a new copy of few, else those that are kept. */
export function unpackBytes(packed: PackedBytes): Uint8Array {
  return typeof packed === 'string' ? Buffer.from(packed, 'latin1') : packed
}
