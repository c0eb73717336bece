import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePacket } from '../../../../protocols/mqtt/codec/decode.ts'
import { PacketReader } from '../../../../protocols/mqtt/codec/frame.ts'
import { closeOnly, PacketError } from '../../../../protocols/mqtt/codec/packet-error.ts'
import { encodePublish } from '../../../../protocols/mqtt/codec/publish.ts'
import * as any from './arbitraries.ts'
import { written } from './memory-output.ts'
import { referenceGenerate, referenceProperties } from './reference.ts'

/** Decodes a packet whatever it is; anything thrown but a PacketError fails the test. */
function survives(bytes: Buffer, level: 0 | 3 | 4 | 5): void {
  try {
    decodePacket(bytes[0] ?? 0, bytes, Math.min(2, bytes.length), bytes.length, level)
  } catch (error) {
    if (!(error instanceof PacketError)) throw error
    expect(error.reasonCode === closeOnly || error.reasonCode >= 0x80).toBe(true)
  }
}

const anyLevel = fc.constantFrom<(0 | 3 | 4 | 5)[]>(0, 3, 4, 5)

const valid = fc.oneof(
  fc
    .record({ topic: any.topicName, payload: any.bytes, properties: any.publishProperties(any.userProperties) })
    .map(packet => written(o => encodePublish(o, { ...packet, qos: 1, retain: false, packetId: 7 }, 5))),
  fc
    .record({ properties: any.connectProperties(any.plainUserProperties), payload: any.bytes })
    .map(({ properties, payload }) =>
      referenceGenerate(
        {
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: 5,
          clean: true,
          clientId: 'c',
          keepalive: 10,
          username: 'u',
          password: Buffer.from('p'),
          will: { topic: 'w', payload, qos: 1, retain: false, properties: {} },
          properties: referenceProperties(properties),
        },
        5,
      ),
    ),
  any.subscribeProperties(any.plainUserProperties).map(properties =>
    referenceGenerate(
      {
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic: 'a/#', qos: 1 }],
        properties: referenceProperties(properties),
      },
      5,
    ),
  ),
  any
    .authProperties(any.plainUserProperties)
    .map(properties =>
      referenceGenerate({ cmd: 'auth', reasonCode: 0x18, properties: referenceProperties(properties) }, 5),
    ),
)

test('random bytes as a packet of any type give a packet or a PacketError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), anyLevel, (bytes, level) => survives(Buffer.from(bytes), level)),
    { numRuns: 5000 },
  )
})

test('valid packets with bytes changed, cut off or put in give a packet or a PacketError', () => {
  const change = fc.record({
    at: fc.nat(300),
    byte: fc.integer({ min: 0, max: 255 }),
    how: fc.constantFrom('set', 'cut', 'put'),
  })
  fc.assert(
    fc.property(valid, fc.array(change, { minLength: 1, maxLength: 4 }), anyLevel, (packet, changes, level) => {
      let bytes = packet
      for (const { at, byte, how } of changes) {
        const position = at % Math.max(1, bytes.length)
        const tail = bytes.subarray(how === 'put' ? position : position + 1)
        const middle = how === 'cut' ? [] : [byte]
        bytes = Buffer.concat([bytes.subarray(0, position), Buffer.from(middle), tail])
      }
      survives(bytes, level)
    }),
    { numRuns: 3000 },
  )
})

test('random streams in random chunks end in a PacketError or wait for more, within the limit of memory', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }), chunks => {
      let level: 0 | 5 = 0
      const reader = new PacketReader({
        maxPacketBytes: 10_000,
        connectBytes: 1000,
        onPacket: (header, buffer, start, end) => {
          decodePacket(header, buffer, start, end, level)
          level = 5
        },
      })
      try {
        reader.push(Buffer.from('101000044d5154540502000a000003616263', 'hex'))
        for (const chunk of chunks) reader.push(Buffer.from(chunk))
      } catch (error) {
        if (!(error instanceof PacketError)) throw error
      }
      expect(reader.heldBytes).toBeLessThanOrEqual(2000)
    }),
    { numRuns: 2000 },
  )
})
