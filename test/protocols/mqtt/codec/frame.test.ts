import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePacket } from '../../../../protocols/mqtt/codec/decode.ts'
import { PacketReader } from '../../../../protocols/mqtt/codec/frame.ts'
import { closeOnly } from '../../../../protocols/mqtt/codec/packet-error.ts'
import { withHeader } from './whole-packet.ts'

const connect = Buffer.from('101000044d5154540502000a000003616263', 'hex')
/** One of each shape: without a body, with every length of header, and one byte either side of a longer header. */
const packets = [
  connect,
  Buffer.from('c000', 'hex'),
  Buffer.from('30080001740001020304', 'hex'),
  withHeader(0x30, Buffer.alloc(127, 1)),
  Buffer.from('40020001', 'hex'),
  withHeader(0x30, Buffer.alloc(128, 2)),
  withHeader(0x32, Buffer.alloc(16_384, 3)),
  Buffer.from('c000', 'hex'),
]
const stream = Buffer.concat(packets)

function collector(options: { maxPacketBytes?: number; connectBytes?: number } = {}) {
  const got: Buffer[] = []
  const reader = new PacketReader({
    maxPacketBytes: 1_000_000,
    ...options,
    onPacket: (header, buffer, start, end) => got.push(withHeader(header, buffer.subarray(start, end))),
  })
  return { reader, got }
}

/** Pushes a chunk as a connection does: lent, and overwritten after the call. */
function lend(reader: PacketReader, bytes: Buffer): void {
  const lent = Buffer.from(bytes)
  reader.push(lent)
  lent.fill(0xff)
}

describe('cutting a stream into packets', () => {
  test('every stream of packets split at any byte gives the same packets', () => {
    for (let at = 0; at <= 600; at++) {
      const { reader, got } = collector()
      lend(reader, stream.subarray(0, at))
      lend(reader, stream.subarray(at))
      expect(Buffer.concat(got).equals(stream), `split at ${at}`).toBe(true)
      expect(got).toHaveLength(packets.length)
    }
  })

  test('a stream in chunks of any sizes gives the same packets, and nothing is held afterwards', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), sizes => {
        const { reader, got } = collector()
        for (let position = 0, turn = 0; position < stream.length; turn++) {
          const size = sizes[turn % sizes.length]!
          lend(reader, stream.subarray(position, position + size))
          position += size
        }
        expect(got).toEqual(packets)
        expect(reader.heldBytes).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  test('one byte at a time gives the same packets', () => {
    const { reader, got } = collector()
    for (let at = 0; at < stream.length; at++) lend(reader, stream.subarray(at, at + 1))
    expect(got).toEqual(packets)
  })

  test('packets in one chunk are handed over without a copy', () => {
    const chunk = Buffer.from(stream)
    const buffers = new Set<Buffer>()
    const reader = new PacketReader({ maxPacketBytes: 1_000_000, onPacket: (_header, buffer) => buffers.add(buffer) })
    reader.push(chunk)
    expect([...buffers]).toEqual([chunk])
    expect(buffers.has(chunk)).toBe(true)
  })
})

describe('back-pressure', () => {
  test('pausing in any packet keeps the rest, and resuming gives it in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }),
        fc.array(fc.boolean(), { minLength: packets.length, maxLength: packets.length }),
        (sizes, pauses) => {
          const got: Buffer[] = []
          const reader = new PacketReader({
            maxPacketBytes: 1_000_000,
            onPacket: (header, buffer, start, end) => {
              expect(reader.paused).toBe(false)
              if (pauses[got.length]) reader.pause()
              got.push(withHeader(header, buffer.subarray(start, end)))
            },
          })
          for (let position = 0, turn = 0; position < stream.length; turn++) {
            const size = sizes[turn % sizes.length]!
            lend(reader, stream.subarray(position, position + size))
            position += size
            if (turn % 3 === 0) reader.resume()
          }
          for (let turn = 0; turn < packets.length; turn++) reader.resume()
          expect(got).toEqual(packets)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a paused reader hands out nothing', () => {
    const { reader, got } = collector()
    reader.push(connect)
    reader.pause()
    lend(reader, stream.subarray(connect.length))
    expect(got).toHaveLength(1)
    expect(reader.heldBytes).toBe(stream.length - connect.length)
  })

  test('a handler that pauses and resumes, or makes more bytes arrive, sees them in order', () => {
    const got: number[] = []
    const reader = new PacketReader({
      maxPacketBytes: 1000,
      onPacket: header => {
        got.push(header)
        if (got.length !== 2) return
        reader.pause()
        reader.push(Buffer.from('e000', 'hex'))
        reader.resume()
        expect(got).toEqual([0x10, 0xc0])
      },
    })
    reader.push(Buffer.concat([connect, Buffer.from('c00040020001', 'hex')]))
    expect(got).toEqual([0x10, 0xc0, 0x40, 0xe0])
  })

  test('bytes that arrive while a handler runs do not overtake the rest of its chunk', () => {
    const got: number[] = []
    const reader = new PacketReader({
      maxPacketBytes: 1000,
      onPacket: header => {
        got.push(header)
        if (got.length === 1) lend(reader, Buffer.from('e000', 'hex'))
      },
    })
    reader.push(Buffer.concat([connect, Buffer.from('c00040020001', 'hex')]))
    expect(got).toEqual([0x10, 0xc0, 0x40, 0xe0])
  })

  test('a stopped reader hands out nothing more, not even from the chunk at hand', () => {
    const got: number[] = []
    const reader = new PacketReader({
      maxPacketBytes: 1000,
      onPacket: header => {
        got.push(header)
        reader.stop()
      },
    })
    reader.push(Buffer.concat([connect, connect]))
    reader.push(connect)
    reader.resume()
    expect(got).toEqual([0x10])
    expect(reader.heldBytes).toBe(0)
  })
})

describe('limits', () => {
  /** The fixed header alone of a PUBLISH. */
  function announced(length: number): Buffer {
    const bytes: number[] = []
    for (let rest = length; ; rest >>>= 7) {
      if (rest < 128) return Buffer.from([0x30, ...bytes, rest])
      bytes.push((rest & 0x7f) | 0x80)
    }
  }

  test('a packet that announces more than the limit is refused at once, with nothing kept [MQTT-3.2.2-15]', () => {
    const { reader } = collector({ maxPacketBytes: 100 })
    reader.push(connect)
    reader.accept()
    expect(() => reader.push(announced(99))).toThrow(expect.objectContaining({ reasonCode: 0x95 }))
    expect(reader.heldBytes).toBe(0)
  })

  test('a packet of exactly the limit is taken', () => {
    const { reader, got } = collector({ maxPacketBytes: 100 })
    reader.push(connect)
    reader.push(withHeader(0x30, Buffer.alloc(98)))
    expect(got).toHaveLength(2)
  })

  test('before the login a smaller limit holds, and 256 MB announced cost nothing', () => {
    const { reader } = collector({ maxPacketBytes: 300_000_000, connectBytes: 1000 })
    expect(() => reader.push(Buffer.from('10ffffff7f0004', 'hex'))).toThrow(
      expect.objectContaining({ reasonCode: 0x95 }),
    )
    expect(reader.heldBytes).toBe(0)
  })

  test('after the login too, memory grows with what arrives and not with what is announced', () => {
    const { reader } = collector({ maxPacketBytes: 300_000_000 })
    reader.push(connect)
    reader.accept()
    reader.push(announced(268_435_455))
    expect(reader.heldBytes).toBeLessThan(1000)
    reader.push(Buffer.alloc(10_000))
    expect(reader.heldBytes).toBeLessThan(30_000)
  })

  test.each([
    ['30ffffffff', closeOnly],
    ['3080808080', closeOnly],
    ['3080808000', 0x81],
    ['308000', 0x81],
    ['30ff8000', 0x81],
  ] as const)(
    'a remaining length of five bytes begins no packet, one longer than needed is malformed: %s [MQTT-1.5.5-1]',
    (hex, reasonCode) => {
      const whole = collector()
      whole.reader.push(connect)
      expect(() => whole.reader.push(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ reasonCode }))
      const slow = collector()
      slow.reader.push(connect)
      expect(() => {
        for (const byte of Buffer.from(hex, 'hex')) slow.reader.push(Buffer.from([byte]))
      }).toThrow(expect.objectContaining({ reasonCode }))
    },
  )

  test.each(['GET / HTTP/1.1', '\x20\x02', '\xc0', '\xe0', '\x00'])(
    'a first byte that begins no CONNECT is refused at once: %j [MQTT-3.1.0-1]',
    text => {
      const { reader } = collector()
      const bytes = Buffer.from(text, 'latin1').subarray(0, 1)
      expect(() => reader.push(bytes)).toThrow(expect.objectContaining({ reasonCode: 0x82 }))
    },
  )

  test('after an error the reader ignores what follows', () => {
    const { reader, got } = collector()
    expect(() => reader.push(Buffer.from('00', 'hex'))).toThrow()
    reader.push(connect)
    expect(got).toEqual([])
  })

  test('an error of the handler passes through, from push as from resume', () => {
    const reader = new PacketReader({
      maxPacketBytes: 1000,
      onPacket: (header, buffer, start, end) => {
        const { type } = decodePacket(header, buffer, start, end, header === 0x10 ? 0 : 4)
        if (type === 'connect') reader.pause()
      },
    })
    reader.push(Buffer.concat([connect, Buffer.from('c100', 'hex')]))
    expect(() => reader.resume()).toThrow(expect.objectContaining({ reasonCode: 0x81 }))
  })
})
