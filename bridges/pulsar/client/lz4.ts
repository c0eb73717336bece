import { PulsarError } from './pulsar-error.ts'

/**
 * LZ4 blocks (no frame around them), as Pulsar has them: sequences of a token, literals, and a copy of what was
 * already there. The format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
const leastMatchBytes = 4
/** The last match begins at least this far before the end, and the last bytes are literals. */
const endBytes = 12
const lastLiterals = 5
const maxDistance = 0xffff

/** @throws PulsarError UNREADABLE when the block does not become exactly `size` bytes. */
export function unpackLz4(block: Buffer, size: number): Buffer {
  const out = Buffer.allocUnsafe(size)
  let at = 0
  let filled = 0
  const extended = (nibble: number) => {
    let length = nibble
    if (nibble < 15) return length
    for (;;) {
      const byte = block[at++]
      if (byte === undefined) throw broken('a length that does not end')
      length += byte
      if (byte < 255) return length
    }
  }
  while (at < block.length) {
    const token = block[at++] as number
    const literals = extended(token >>> 4)
    if (literals > block.length - at || literals > size - filled) throw broken('literals beyond its end')
    block.copy(out, filled, at, at + literals)
    at += literals
    filled += literals
    if (at === block.length) break
    if (block.length - at < 2) throw broken('a copy without distance')
    const distance = block.readUInt16LE(at)
    at += 2
    const length = extended(token & 15) + leastMatchBytes
    if (distance === 0 || distance > filled || length > size - filled) throw broken('a copy beyond its bounds')
    filled = copyWithin(out, filled, distance, length)
  }
  if (filled !== size) throw broken(`${filled} bytes where ${size} are stated`)
  return out
}

/** Copies `length` bytes from `distance` back; they may overlap with what they become. Returns the new end. */
export function copyWithin(out: Buffer, filled: number, distance: number, length: number): number {
  const end = filled + length
  const from = filled - distance
  if (distance >= length) out.copyWithin(filled, from, from + length)
  else for (let at = filled; at < end; at++) out[at] = out[at - distance] as number
  return end
}

const tableBits = 14

/** Greedy, with one candidate a hash of four bytes: what the format's fast mode does. */
export function packLz4(input: Buffer): Buffer {
  const out = Buffer.allocUnsafe(input.length + Math.ceil(input.length / 255) + 16)
  // One more than the position, so that 0 is none.
  const candidates = new Int32Array(1 << tableBits)
  const matchLimit = input.length - endBytes
  let at = 0
  let anchor = 0
  let filled = 0
  const sequence = (literals: number, matchLength: number, distance: number) => {
    const token = filled++
    const more = matchLength - leastMatchBytes
    out[token] = (Math.min(literals, 15) << 4) | (matchLength === 0 ? 0 : Math.min(more, 15))
    if (literals >= 15) filled = writeLength(out, filled, literals - 15)
    filled += input.copy(out, filled, anchor, anchor + literals)
    if (matchLength === 0) return
    filled = out.writeUInt16LE(distance, filled)
    if (more >= 15) filled = writeLength(out, filled, more - 15)
  }
  while (at < matchLimit) {
    const four = input.readInt32LE(at)
    const slot = Math.imul(four, 0x9e3779b1) >>> (32 - tableBits)
    const candidate = (candidates[slot] as number) - 1
    candidates[slot] = at + 1
    if (candidate < 0 || at - candidate > maxDistance || input.readInt32LE(candidate) !== four) {
      // Steps grow where nothing matches, so that what cannot be compressed is passed quickly.
      at += 1 + ((at - anchor) >>> 6)
      continue
    }
    let length = leastMatchBytes
    const longest = input.length - lastLiterals - at
    while (length < longest && input[candidate + length] === input[at + length]) length++
    sequence(at - anchor, length, at - candidate)
    at += length
    anchor = at
  }
  sequence(input.length - anchor, 0, 0)
  return out.subarray(0, filled)
}

function writeLength(out: Buffer, at: number, length: number): number {
  let end = at
  let rest = length
  for (; rest >= 255; rest -= 255) out[end++] = 255
  out[end++] = rest
  return end
}

function broken(what: string): PulsarError {
  return new PulsarError('UNREADABLE', `an LZ4 block has ${what}`)
}
