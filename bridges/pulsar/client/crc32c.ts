import { createRequire } from 'node:module'

/** CRC-32C (Castagnoli) of some bytes, going on from that of those before: Node's own crc32 is of another polynomial. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return native === undefined ? crc32cByTables(bytes, before) : native(bytes, before)
}

/** Ten times as fast, where there is a binary for this machine. */
const native = nativeSum()

function nativeSum(): ((bytes: Uint8Array, before: number) => number) | undefined {
  try {
    return createRequire(import.meta.url)('@node-rs/crc32').crc32c
  } catch {
    return undefined
  }
}

/** Reflected; eight bytes a step by eight tables. */
export function crc32cByTables(buffer: Uint8Array, before = 0): number {
  let crc = ~before
  let at = 0
  const end = buffer.length
  for (const last = end - 7; at < last; at += 8) {
    // Never out of bounds, so the casts say what is.
    const low =
      crc ^
      ((buffer[at] as number) |
        ((buffer[at + 1] as number) << 8) |
        ((buffer[at + 2] as number) << 16) |
        ((buffer[at + 3] as number) << 24))
    crc =
      (tables[0x700 | (low & 0xff)] as number) ^
      (tables[0x600 | ((low >>> 8) & 0xff)] as number) ^
      (tables[0x500 | ((low >>> 16) & 0xff)] as number) ^
      (tables[0x400 | (low >>> 24)] as number) ^
      (tables[0x300 | (buffer[at + 4] as number)] as number) ^
      (tables[0x200 | (buffer[at + 5] as number)] as number) ^
      (tables[0x100 | (buffer[at + 6] as number)] as number) ^
      (tables[buffer[at + 7] as number] as number)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (tables[(crc ^ (buffer[at] as number)) & 0xff] as number)
  return (crc ^ -1) >>> 0
}

const polynomial = 0x82f63b78

/** Table k, at k * 256: what a byte does to the sum when k bytes follow it. */
const tables = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
  tables[byte] = crc
}
for (let at = 256; at < tables.length; at++) {
  const before = tables[at - 256] as number
  tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number)
}
