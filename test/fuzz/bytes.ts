import type { Random } from '../support/random.ts'

/** Values at which lengths and numbers turn. */
const edges = [
  '00',
  'ff',
  '7f',
  '80',
  'ffff',
  '7fff',
  '0000',
  'ffffff7f',
  '8080808001',
  'ffffffff',
  '80000000',
  'c0',
  'e000',
].map(hex => Buffer.from(hex, 'hex'))

/** One change; `words` are put in besides what turns numbers. */
export function changed(random: Random, bytes: Buffer, words: readonly Buffer[] = edges): Buffer {
  const result = Buffer.from(bytes)
  const at = random.integer(0, Math.max(0, bytes.length - 1))
  const word = words[random.integer(0, words.length - 1)] as Buffer
  switch (bytes.length === 0 ? 3 : random.integer(0, 7)) {
    case 0:
      result[at] = (result[at] as number) ^ (1 << random.integer(0, 7))
      return result
    case 1:
      result[at] = random.integer(0, 255)
      return result
    case 2:
      return result.subarray(0, at)
    case 3:
      return Buffer.concat([result.subarray(0, at), word, result.subarray(at)])
    case 4:
      return Buffer.concat([result.subarray(0, at), word, result.subarray(at + word.length)])
    case 5:
      return Buffer.concat([result.subarray(0, at), result.subarray(at + random.integer(1, 8))])
    case 6: {
      const piece = result.subarray(random.integer(0, at), at + 1)
      return Buffer.concat([result.subarray(0, at), piece, piece, result.subarray(at)])
    }
    default:
      return Buffer.concat([result, result.subarray(at)])
  }
}
