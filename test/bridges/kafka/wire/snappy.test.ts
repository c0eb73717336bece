import { compressionsAlgorithms } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CorruptCompression, decompressSnappy } from '../../../../bridges/kafka/wire/snappy.ts'

const squeeze = (bytes: Buffer) => compressionsAlgorithms.snappy.compressSync(bytes) as Buffer
/** Repetitive, so that there are copies of all kinds. */
const text = fc
  .array(fc.constantFrom('alpha ', 'beta ', 'a', 'abababab', 'x'.repeat(100), '\x00\x01'), { maxLength: 3_000 })
  .map(parts => Buffer.from(parts.join('')))
const limit = 10_000_000

test('a raw block is read', () => {
  fc.assert(
    fc.property(text, plain => {
      expect(decompressSnappy(squeeze(plain), limit)).toEqual(plain)
    }),
  )
})

test("the frames of Java's snappy are read", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), blocks => {
      const framed = blocks.flatMap(block => {
        const raw = squeeze(block)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(raw.length)
        return [length, raw]
      })
      const head = Buffer.from('\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01', 'latin1')
      expect(decompressSnappy(Buffer.concat([head, ...framed]), limit)).toEqual(Buffer.concat(blocks))
    }),
  )
})

test('what is no snappy is refused, and never more than the limit is made of it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), noise => {
      try {
        expect(decompressSnappy(Buffer.from(noise), 1_000).length).toBeLessThanOrEqual(1_000)
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptCompression)
      }
    }),
    { numRuns: 5_000 },
  )
})
