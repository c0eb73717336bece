/** Bytes that are not what their compression says. */
export class CorruptCompression extends Error {}

const xerialHead = Buffer.from('\x82SNAPPY\x00', 'latin1')
const xerialHeadBytes = 16

/**
 * What snappy made, of both kinds that clients write into Kafka: a raw block, or the frames of snappy-java (a head of 16
 * bytes, then length INT32 and a raw block, repeated). @throws CorruptCompression
 */
export function decompressSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, xerialHead.length).equals(xerialHead)) return decompressBlock(bytes, maxBytes)
  const blocks: Buffer[] = []
  let room = maxBytes
  for (let at = xerialHeadBytes; at < bytes.length; ) {
    const end = at + 4 > bytes.length ? Number.NaN : at + 4 + bytes.readUInt32BE(at)
    if (!(end <= bytes.length)) throw new CorruptCompression('a snappy frame is cut off')
    const block = decompressBlock(bytes.subarray(at + 4, end), room)
    room -= block.length
    blocks.push(block)
    at = end
  }
  return Buffer.concat(blocks)
}

/** google/snappy, format_description.txt: the length as a varint, then literals and copies of what is already there. */
function decompressBlock(bytes: Buffer, maxBytes: number): Buffer {
  let at = 0
  let length = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]
    if (byte === undefined || at > 5) throw new CorruptCompression('a snappy block has no length')
    length += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  if (length > maxBytes)
    throw new CorruptCompression(`a snappy block of ${length} bytes is over the limit of ${maxBytes}`)
  const target = Buffer.allocUnsafe(length)
  let to = 0
  while (at < bytes.length) {
    const tag = bytes[at++] as number
    const kind = tag & 3
    if (kind === 0) {
      let count = tag >>> 2
      if (count >= 60) {
        const width = count - 59
        if (at + width > bytes.length) throw new CorruptCompression('a snappy literal is cut off')
        count = bytes.readUIntLE(at, width)
        at += width
      }
      count += 1
      if (at + count > bytes.length || to + count > length) throw new CorruptCompression('a snappy literal is cut off')
      bytes.copy(target, to, at, at + count)
      at += count
      to += count
      continue
    }
    const width = kind === 3 ? 4 : kind
    if (at + width > bytes.length) throw new CorruptCompression('a snappy copy is cut off')
    const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    const back = kind === 1 ? ((tag >>> 5) << 8) | (bytes[at] as number) : bytes.readUIntLE(at, width)
    at += width
    if (back === 0 || back > to || to + count > length) throw new CorruptCompression('a snappy copy points outside')
    // Source and target may overlap, which repeats a pattern: byte by byte.
    for (let index = 0; index < count; index++, to++) target[to] = target[to - back] as number
  }
  if (to !== length) throw new CorruptCompression('a snappy block is shorter than it says')
  return target
}
