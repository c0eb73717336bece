import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c, crc32cByTables } from '../../../../bridges/pulsar/client/crc32c.ts'
import { commandFrame, entryBounds, FrameReader } from '../../../../bridges/pulsar/client/frame.ts'
import { opened, recorded, recordedNames } from './recorded.ts'

describe('the frame reader', () => {
  test('finds the same frames however the stream is torn', () => {
    const frames = recordedNames.map(recorded)
    const stream = Buffer.concat(frames)
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), cuts => {
        const found: Buffer[] = []
        const reader = new FrameReader(2 ** 20, (buffer, start, end) =>
          found.push(Buffer.from(buffer.subarray(start - 4, end))),
        )
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length]
        for (let index = 1; index < places.length; index++)
          reader.push(stream.subarray(places[index - 1], places[index]))
        expect(found).toEqual(frames)
      }),
    )
  })

  test.each([
    ['longer than its limit', 1025],
    ['as long as a length can say', 0xffffffff],
    ['shorter than its own size', 3],
  ])('refuses a frame that is %s as soon as it announces itself', (_, size) => {
    const reader = new FrameReader(1024, () => expect.fail('no frame is there'))
    const head = Buffer.alloc(4)
    head.writeUInt32BE(size)
    reader.push(head.subarray(0, 3))
    expect(() => reader.push(head.subarray(3))).toThrow(`a frame of ${size} bytes; from 4 to 1024 are taken`)
  })

  test('holds what has come of a frame, not what was announced', () => {
    const reader = new FrameReader(2 ** 30, () => {})
    const head = Buffer.alloc(4)
    head.writeUInt32BE(2 ** 30)
    const before = process.memoryUsage().arrayBuffers
    reader.push(head)
    for (let count = 0; count < 100; count++) reader.push(Buffer.alloc(10))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })
})

describe('an entry', () => {
  const entry = recorded('none batch')
  const { buffer, start, end } = opened(entry)

  test('has its checksum over all that follows it', () => {
    expect(entryBounds(buffer, start, end)).toMatchObject({ metadataAt: start + 10 })
    for (let at = start + 6; at < end; at++) {
      const broken = Buffer.from(buffer)
      broken[at] = broken[at]! ^ 0x10
      expect(() => entryBounds(broken, start, end)).toThrow('an entry whose checksum is wrong')
    }
  })

  test('is read behind what a broker puts before it', () => {
    const added = Buffer.from([0x0e, 0x02, 0, 0, 0, 2, 8, 1])
    const whole = Buffer.concat([added, buffer.subarray(start, end)])
    const { payloadAt } = entryBounds(buffer, start, end)
    expect(entryBounds(whole, 0, whole.length).payloadAt).toBe(payloadAt - start + added.length)
  })

  test('that ends anywhere is refused', () => {
    for (let length = 0; length < end - start; length++) {
      expect(() => entryBounds(buffer.subarray(start, start + length), 0, length)).toThrow(
        /ends within its head|checksum is wrong/,
      )
    }
  })
})

test('a command has two sizes before it', () => {
  expect([...commandFrame(Buffer.from([8, 18]))]).toEqual([0, 0, 0, 6, 0, 0, 0, 2, 8, 18])
})

describe.each([
  ['as it is here', crc32c],
  ['by tables', crc32cByTables],
])('CRC-32C %s', (_, sum) => {
  test('is the one that the RFC gives [RFC 3720 B.4]', () => {
    expect(sum(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(sum(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(sum(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  })

  test('is what the definition gives bit by bit, for any bytes, and those after others', () => {
    const slow = (bytes: Uint8Array) => {
      let crc = 0xffffffff
      for (const byte of bytes) {
        crc ^= byte
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
      }
      return (crc ^ 0xffffffff) >>> 0
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, first) => {
        expect(sum(bytes.subarray(first), sum(bytes.subarray(0, first)))).toBe(slow(bytes))
      }),
    )
  })
})
