/** How a key becomes a partition: as Pulsar's Java client does by default, or by Murmur3 for those who chose it there. */
export type KeyHash = 'java' | 'murmur3'

/** All clients of a topic must agree on this, or messages of one key lose their order. */
export function partitionOfKey(key: string, partitions: number, hash: KeyHash): number {
  return (hash === 'java' ? javaStringHash(key) : murmur3(Buffer.from(key))) % partitions
}

/** `String.hashCode()` without its sign: over UTF-16 units, as strings are here too. */
function javaStringHash(key: string): number {
  let hash = 0
  for (let at = 0; at < key.length; at++) hash = (Math.imul(31, hash) + key.charCodeAt(at)) | 0
  return hash & 0x7fffffff
}

/** MurmurHash3, x86, 32 bits, seed 0, without its sign. */
function murmur3(bytes: Buffer): number {
  const scrambled = (value: number) => Math.imul(rotated(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593)
  let hash = 0
  const whole = bytes.length - (bytes.length % 4)
  for (let at = 0; at < whole; at += 4) {
    hash = (Math.imul(rotated(hash ^ scrambled(bytes.readInt32LE(at)), 13), 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | (bytes[at] as number)
  hash ^= scrambled(rest)
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) & 0x7fffffff
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
