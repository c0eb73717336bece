/** Which partition of a topic a key belongs to: the one that Java's producer chooses. */
export const partitionOf = (hash: number, partitions: number): number => (hash & 0x7fffffff) % partitions

/** MurmurHash 2 with the seed of Kafka's `Utils.murmur2`; 32 bits, signed. */
export function murmur2(data: Uint8Array): number {
  const length = data.length
  let hash = 0x9747b28c ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const word =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24)
    const mixed = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ Math.imul(mixed ^ (mixed >>> 24), multiplier)
  }
  const left = length - at
  if (left > 0) {
    if (left === 3) hash ^= (data[at + 2] as number) << 16
    if (left >= 2) hash ^= (data[at + 1] as number) << 8
    hash = Math.imul(hash ^ (data[at] as number), multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

const multiplier = 0x5bd1e995
