import { copyWithin } from './lz4.ts'
import { PulsarError } from './pulsar-error.ts'

/**
 * Snappy's raw format: the size as a varint, then literals and copies by the two low bits of a tag.
 * https://github.com/google/snappy/blob/main/format_description.txt
 * @throws PulsarError UNREADABLE when the block does not become exactly `size` bytes.
 */
export function unpackSnappy(block: Buffer, size: number): Buffer {
  let at = 0
  const byte = () => {
    const value = block[at++]
    if (value === undefined) throw broken('an end within a tag')
    return value
  }
  let stated = 0
  for (let shift = 0; ; shift += 7) {
    const bits = byte()
    stated += (bits & 0x7f) * 2 ** shift
    if (bits < 0x80) break
    if (shift > 28) throw broken('a size of more than five bytes')
  }
  if (stated !== size) throw broken(`a size of ${stated} where ${size} are stated`)
  const number = (bytes: number) => {
    let value = 0
    for (let index = 0; index < bytes; index++) value += byte() * 2 ** (8 * index)
    return value
  }

  const out = Buffer.allocUnsafe(size)
  let filled = 0
  while (at < block.length) {
    const tag = byte()
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >>> 2
      const length = 1 + (short < 60 ? short : number(short - 59))
      if (length > block.length - at || length > size - filled) throw broken('literals beyond its end')
      block.copy(out, filled, at, at + length)
      at += length
      filled += length
      continue
    }
    const length = kind === 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2)
    const distance = kind === 1 ? ((tag >>> 5) << 8) | byte() : number(kind === 2 ? 2 : 4)
    if (distance === 0 || distance > filled || length > size - filled) throw broken('a copy beyond its bounds')
    filled = copyWithin(out, filled, distance, length)
  }
  if (filled !== size) throw broken(`${filled} bytes where ${size} are stated`)
  return out
}

function broken(what: string): PulsarError {
  return new PulsarError('UNREADABLE', `a Snappy block has ${what}`)
}
