import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Compression,
  compress,
  compressionRefusal,
  decompress,
} from '../../../../bridges/pulsar/client/compression.ts'
import { crc32c } from '../../../../bridges/pulsar/client/crc32c.ts'
import {
  encodeBatch,
  encodeEntry,
  headBytesOf,
  type Outgoing,
  sizeBytes,
} from '../../../../bridges/pulsar/client/entry.ts'
import { messageMetadata } from '../../../../bridges/pulsar/client/grammar.ts'
import { readEntry } from '../../../../bridges/pulsar/client/incoming.ts'
import { Properties } from '../../../../bridges/pulsar/client/properties.ts'
import { encode } from '../../../../bridges/pulsar/client/protobuf.ts'
import { opened, recorded } from './recorded.ts'

/** All of it in one turn. */
const unhurried = { rest: () => undefined }
const delivered = { id: { ledgerId: 1n, entryId: 2n }, redeliveries: 0, ackSet: [] }
const hasZstd = 'zstdCompressSync' in zlib

function read(frame: Buffer, more = {}) {
  const { buffer, start, end } = opened(frame)
  return readEntry({ ...delivered, ...more }, buffer, start, end)
}

const written = [
  { value: Buffer.from('plain'), key: 'k-1', orderingKey: Buffer.from('o-1'), eventTime: 1_700_000_000_123 },
  { value: Buffer.from('compress me, '.repeat(40)), key: undefined },
  { value: Buffer.alloc(0), key: 'k-3' },
]
const properties = [
  ['source-topic', 'a/b'],
  ['ü', 'ö'],
]

describe('entries of the Python client', () => {
  test.each(['none', 'lz4', 'zlib', 'snappy', ...(hasZstd ? ['zstd'] : [])])(
    'a batch compressed with %s is read',
    name => {
      const { messages, unreadable, permits } = read(recorded(`${name} batch`))
      expect(unreadable).toBeUndefined()
      expect(messages).toMatchObject(written)
      expect(messages[0]?.properties).toEqual(expect.arrayContaining(properties))
      expect(messages.map(({ index }) => index)).toEqual([0, 1, 2])
      expect(permits).toBe(3)
    },
  )

  test.each(['none', 'lz4', 'snappy'])('a message outside of a batch, compressed with %s, is read', name => {
    const { messages, permits } = read(recorded(`${name} single`))
    expect(messages).toMatchObject([written[0]])
    expect(permits).toBe(1)
  })

  test('zstd is refused by name where Node has none, and only that entry', () => {
    const { unreadable } = read(recorded('zstd batch'))
    if (hasZstd) expect(unreadable).toBeUndefined()
    else
      expect(unreadable).toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('run Node 22.15 or later'),
      })
  })

  test('of a batch, only what is not acknowledged yet comes again', () => {
    const { messages, permits } = read(recorded('none batch'), { ackSet: [0b101n] })
    expect(messages.map(({ index }) => index)).toEqual([0, 2])
    expect(permits).toBe(3)
  })
})

describe('entries that we write', () => {
  const options = { producerId: 1, producerName: 'p', sequenceId: 3, publishTime: 1_700_000_000_000 }
  const compressions: Compression[] = ['none', 'lz4', 'zlib', ...(hasZstd ? (['zstd'] as const) : [])]
  const anyMessage: fc.Arbitrary<Outgoing> = fc.record({
    value: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 9 }), fc.nat(400))
        .map(([text, times]) => Buffer.from(text.repeat(times))),
    ),
    key: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    orderingKey: fc.option(
      fc.uint8Array({ minLength: 1, maxLength: 5 }).map(bytes => Buffer.from(bytes)),
      { nil: undefined },
    ),
    properties: fc.option(
      fc
        .array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string()), { minLength: 1, maxLength: 3 })
        .map(pairs => new Properties(pairs)),
      { nil: undefined },
    ),
    eventTime: fc.option(fc.integer({ min: 1, max: 2 ** 45 }), { nil: undefined }),
  })

  test.each(compressions)('are read as they were, compressed with %s', async compression => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { minLength: 1, maxLength: 20 }), async messages => {
        const { frame: pieces, entryBytes } = encodeEntry(await encodeBatch(messages, compression, unhurried), options)
        const frame = Buffer.concat(pieces)
        const { unreadable, messages: got } = read(frame)
        expect(unreadable).toBeUndefined()
        expect(got.map(one => ({ ...one, value: [...(one.value ?? [])] }))).toEqual(
          messages.map(({ value, key, orderingKey, properties, eventTime }, index) => ({
            ...{
              key,
              orderingKey,
              properties: properties?.pairs ?? [],
              eventTime,
              index,
              publishTime: options.publishTime,
            },
            value: [...value],
          })),
        )
        expect(entryBytes).toBeLessThan(frame.length)
        if (compression === 'none') {
          const inBatch = messages.reduce(
            (sum, message) => sum + sizeBytes + headBytesOf(message) + message.value.length,
            0,
          )
          expect(entryBytes - inBatch).toBeLessThan(100)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('lz4 makes them smaller, and is what zstd and zlib are elsewhere: exact', () => {
    const text = Buffer.from(JSON.stringify(Array.from({ length: 500 }, (_, n) => ({ n, device: `sensor-${n % 7}` }))))
    const packed = compress('lz4', text)
    expect(packed.length).toBeLessThan(text.length / 3)
    expect(decompress(1, packed, text.length)).toEqual(text)
  })

  test('snappy, and zstd without Node having it, are refused by name', () => {
    expect(compressionRefusal('snappy')).toContain('use lz4')
    expect(compressionRefusal('zstd') === undefined).toBe(hasZstd)
    expect(compressionRefusal('lz4')).toBeUndefined()
  })
})

describe('an entry that cannot be read says why, and only it is lost', () => {
  const sealed = (metadata: Parameters<typeof encode<typeof messageMetadata>>[1], payload: Buffer) => {
    const coded = encode(messageMetadata, { producerName: 'p', sequenceId: 0, publishTime: 1, ...metadata })
    const rest = Buffer.concat([Buffer.alloc(4), coded, payload])
    rest.writeUInt32BE(coded.length)
    const head = Buffer.from([0x0e, 0x01, 0, 0, 0, 0])
    head.writeUInt32BE(crc32c(rest), 2)
    const whole = Buffer.concat([head, rest])
    return readEntry(delivered, whole, 0, whole.length)
  }

  test.each([
    ['encrypted', { encryptionKeys: [{ key: 'k' }] }, 'its producer has encrypted'],
    ['in chunks', { numChunksFromMsg: 3 }, 'a message in chunks'],
    ['of an unknown compression', { compression: 9 }, 'compression 9'],
    ['not of its compression', { compression: 2, uncompressedSize: 5 }, 'not of its compression, zlib'],
    ['a bomb', { compression: 2, uncompressedSize: 2 ** 31 }, 'are unpacked'],
    ['a batch with nothing in it', { numMessagesInBatch: 2 }, 'a batch of 2 messages that ends in number 0'],
    ['lz4 that is cut', { compression: 1, uncompressedSize: 50 }, 'an LZ4 block has'],
    ['snappy that is cut', { compression: 4, uncompressedSize: 50 }, 'a Snappy block has'],
  ])('%s', (_, metadata, reason) => {
    expect(sealed(metadata, Buffer.from([0, 0])).unreadable?.message).toContain(reason)
  })

  test('more bytes than stated are not unpacked', () => {
    const packed = zlib.deflateSync(Buffer.alloc(1_000_000))
    expect(sealed({ compression: 2, uncompressedSize: 1000 }, packed).unreadable?.message).toContain(
      'not of its compression',
    )
  })

  test('a marker between brokers is no message', () => {
    expect(sealed({ markerType: 10 }, Buffer.alloc(3))).toMatchObject({ messages: [], unreadable: undefined })
  })

  test('a tombstone has no value', () => {
    expect(
      sealed({ nullValue: true, partitionKey: 'aw==', partitionKeyB64Encoded: true }, Buffer.alloc(0)).messages,
    ).toMatchObject([{ value: undefined, key: Buffer.from('k') }])
  })

  test('any bytes whatever, unpacked by any of them, are an error or as many bytes as stated', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4), fc.uint8Array({ maxLength: 60 }), fc.nat(200), (number, bytes, size) => {
        try {
          expect(decompress(number, Buffer.from(bytes), size).length).toBe(size)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/UNREADABLE|UNSUPPORTED/) })
        }
      }),
      { numRuns: 3000 },
    )
  })
})
