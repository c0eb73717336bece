import fc from 'fast-check'
import mqttPacket, { type IConnectPacket, type IPublishPacket, type ISubscribePacket, type Packet } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { ClientFrames } from '../../cli/bench/load/client-frames.ts'
import { Histogram } from '../../cli/bench/load/histogram.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import { connectPacket, PublishWriter, subscribePacket } from '../../cli/bench/load/packets.ts'
import { StreamCheck } from '../../cli/bench/load/stream-check.ts'

const version = fc.constantFrom(4 as const, 5 as const)
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)

test('quantiles are within 1 % of those of the sorted durations', () => {
  const durations = fc.array(fc.double({ min: 10, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const histogram = new Histogram()
      for (const value of values) histogram.add(value)
      const sorted = [...values].sort((a, b) => a - b)
      const expected = sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)]!
      expect(Math.abs(histogram.quantileUs(q) - expected)).toBeLessThanOrEqual(expected * 0.01)
    }),
  )
})

test('every duplicate is counted, and nothing else is', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5000 })), sequences => {
      const check = new StreamCheck()
      const seen = new Set<number>()
      for (const sequence of sequences) {
        expect(check.take(sequence)).toBe(!seen.has(sequence))
        seen.add(sequence)
      }
      expect(check.duplicated).toBe(sequences.length - seen.size)
    }),
  )
})

test('what is published is what mqtt-packet reads', () => {
  const topic = fc.stringMatching(/^[a-z/0-9]{1,300}$/)
  fc.assert(
    fc.property(version, qos, topic, fc.integer({ min: 16, max: 20_000 }), (version, qos, topic, payloadBytes) => {
      const out = new OutBuffer()
      const begin = out.end
      new PublishWriter({ version, qos, retain: true, payloadBytes }, 7).write(out, topic, 513, 70_000, 1234.5)
      const packet = parsed<IPublishPacket>(out.bytes.subarray(begin, out.end), version)
      expect(packet).toMatchObject({ cmd: 'publish', topic, qos, retain: true })
      expect(packet.messageId).toBe(qos > 0 ? 513 : undefined)
      const payload = packet.payload as Buffer
      expect(payload).toHaveLength(payloadBytes)
      expect(payload.readDoubleLE(0)).toBe(1234.5)
      expect([payload.readUInt32LE(8), payload.readUInt32LE(12)]).toEqual([7, 70_000])
    }),
  )
})

test('with aliases, a topic is named once and then called by its alias', () => {
  const shape = { version: 5, qos: 1, retain: false, payloadBytes: 16, aliases: true, properties: true } as const
  const writer = new PublishWriter(shape, 0)
  const packets = ['a/b', 'a/b', 'a/b'].map((topic, sequence) => {
    const out = new OutBuffer()
    const begin = out.end
    writer.write(out, topic, 1, sequence, 0)
    return parsed<IPublishPacket>(out.bytes.subarray(begin, out.end), 5)
  })
  expect(packets.map(({ topic }) => topic)).toEqual(['a/b', '', ''])
  for (const { properties } of packets) {
    const user = { device: 'thermometer-17', unit: 'K' }
    expect(properties).toMatchObject({ topicAlias: 1, contentType: 'application/json', userProperties: user })
  }
})

test('a client connects and subscribes as mqtt-packet reads it', () => {
  fc.assert(
    fc.property(
      version,
      qos,
      fc.boolean(),
      fc.array(fc.stringMatching(/^[a-z/+]{1,20}$/), { minLength: 1 }),
      (version, qos, clean, filters) => {
        const connect = parsed<IConnectPacket>(
          connectPacket({ version, clientId: 'c', clean, keepAliveS: 300 }),
          version,
        )
        expect(connect).toMatchObject({ protocolVersion: version, clean, clientId: 'c', keepalive: 300 })
        const subscribe = parsed<ISubscribePacket>(subscribePacket(version, 9, filters, qos), version)
        expect(subscribe.subscriptions.map(({ topic }) => topic)).toEqual(filters)
        expect(subscribe.subscriptions.every(one => one.qos === qos)).toBe(true)
      },
    ),
  )
})

test('a WebSocket stream is put together however it was cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 40_000 })),
      (messages, cuts) => {
        const got: Buffer[] = []
        let opened = 0
        const frames = new ClientFrames({ opened: () => opened++, arrived: bytes => got.push(Buffer.from(bytes)) })
        const stream = Buffer.concat([
          Buffer.from('HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n'),
          ...messages.map(frame),
        ])
        for (let at = 0; at < stream.length; ) {
          const end = at + cuts.next().value!
          frames.arrived(stream.subarray(at, end))
          at = end
        }
        expect(opened).toBe(1)
        expect(Buffer.concat(got).equals(Buffer.concat(messages))).toBe(true)
      },
    ),
    { numRuns: 50 },
  )
})

/** The only packet in `bytes`. */
function parsed<Kind extends Packet>(bytes: Buffer, protocolVersion: 4 | 5): Kind {
  const parser = mqttPacket.parser({ protocolVersion })
  const packets: Packet[] = []
  parser.on('packet', packet => packets.push(packet))
  parser.parse(bytes)
  expect(packets).toHaveLength(1)
  return packets[0] as Kind
}

function frame(payload: Uint8Array): Buffer {
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x82
  if (length < 126) header[1] = length
  else if (length < 65_536) header.writeUInt16BE(length, (header[1] = 126) - 124)
  else header.writeBigUInt64BE(BigInt(length), (header[1] = 127) - 125)
  return Buffer.concat([header, payload])
}
