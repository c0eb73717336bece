import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProtocolLevel, Publish } from '../../../../protocols/mqtt/codec/packets.ts'
import { checkPayloadFormat, encodePublish } from '../../../../protocols/mqtt/codec/publish.ts'
import * as any from './arbitraries.ts'
import { MemoryOutput, written } from './memory-output.ts'
import { comparable, referenceGenerate, referenceParse, referenceProperties } from './reference.ts'
import { decodeWhole } from './whole-packet.ts'

function publishes(properties: typeof any.publishProperties, pairs: typeof any.userProperties) {
  return fc.record({
    level: any.level,
    qos: any.qos,
    dup: fc.boolean(),
    retain: fc.boolean(),
    topic: any.topicName,
    packetId: any.packetId,
    payload: any.bytes,
    properties: properties(pairs),
  })
}

function sent(generated: { level: ProtocolLevel; qos: 0 | 1 | 2; dup: boolean }) {
  return generated.qos > 0 && generated.dup
}

describe('PUBLISH', () => {
  test('what mqtt-packet writes is read as it was meant, at every level', () => {
    fc.assert(
      fc.property(publishes(any.publishProperties, any.plainUserProperties), packet => {
        const { level, payload, topic, qos, retain } = packet
        const bytes = referenceGenerate(
          {
            cmd: 'publish',
            dup: sent(packet),
            qos,
            retain,
            topic,
            payload,
            messageId: packet.packetId,
            properties: referenceProperties(packet.properties),
          },
          level,
        )
        const read = decodeWhole(bytes, level) as Publish
        expect({ ...read, payload: Buffer.from(read.payload) }).toEqual({
          type: 'publish',
          dup: sent(packet),
          qos,
          retain,
          topic,
          packetId: qos > 0 ? packet.packetId : 0,
          payload,
          properties: level === 5 ? packet.properties : {},
        })
      }),
    )
  })

  test('what we write is read by mqtt-packet as it was meant, at every level', () => {
    fc.assert(
      fc.property(publishes(any.deliveryProperties, any.plainUserProperties), packet => {
        const { level, payload, topic, qos, retain } = packet
        const bytes = written(output => encodePublish(output, { ...packet, dup: sent(packet) }, level))
        const read = referenceParse(bytes, level)
        expect(read).toMatchObject({ cmd: 'publish', dup: sent(packet), qos, retain, topic, payload })
        if (qos > 0) expect(read.messageId).toBe(packet.packetId)
        if (level === 5) {
          expect(comparable(read.properties)).toEqual(comparable(referenceProperties(packet.properties)))
        }
      }),
    )
  })

  test('user properties keep their order and their duplicates, whatever their names [MQTT-3.3.2-17] [MQTT-3.3.2-18]', () => {
    fc.assert(
      fc.property(publishes(any.publishProperties, any.userProperties), packet => {
        const bytes = written(output => encodePublish(output, { ...packet, dup: sent(packet) }, 5))
        expect((decodeWhole(bytes, 5) as Publish).properties).toEqual(packet.properties)
      }),
    )
  })

  test('the payload is a view into the read buffer, all else is not', () => {
    const packet = { qos: 0, retain: false, topic: 't', packetId: 0, payload: Buffer.from('payload') } as const
    const properties = { correlationData: Buffer.from('data') }
    const bytes = written(output => encodePublish(output, { ...packet, properties }, 5))
    const read = decodeWhole(bytes, 5) as Publish
    bytes.fill(0x78)
    expect(Buffer.from(read.payload).toString()).toBe('xxxxxxx')
    expect(Buffer.from(read.properties.correlationData!).toString()).toBe('data')
    expect(read.topic).toBe('t')
  })

  test('a packet larger than the client takes is not written at all [MQTT-3.1.2-24]', () => {
    fc.assert(
      fc.property(publishes(any.deliveryProperties, any.userProperties), fc.boolean(), (packet, fits) => {
        const size = written(output => encodePublish(output, packet, packet.level)).length
        const output = new MemoryOutput()
        expect(encodePublish(output, packet, packet.level, fits ? size : size - 1)).toBe(fits)
        expect(output.pendingBytes).toBe(fits ? size : 0)
      }),
    )
  })

  test('a text of another protocol that no property can hold is left out', () => {
    const long = 'x'.repeat(0x1_0000)
    const properties = {
      contentType: long,
      userProperties: [
        [long, 'v'],
        ['n', 'v'],
      ] as const,
    }
    const packet = { qos: 0, retain: false, topic: 't', packetId: 0, payload: Buffer.alloc(0), properties } as const
    const bytes = written(output => encodePublish(output, packet, 5))
    expect((decodeWhole(bytes, 5) as Publish).properties).toEqual({ userProperties: [['n', 'v']] })
  })

  test('a payload declared to be text must be text; an undeclared one may be anything', () => {
    const ill = Buffer.from([0xc0, 0xaf])
    expect(() => checkPayloadFormat(ill, 1)).toThrow(expect.objectContaining({ reasonCode: 0x99 }))
    expect(() => checkPayloadFormat(ill, 0)).not.toThrow()
    expect(() => checkPayloadFormat(ill, undefined)).not.toThrow()
    expect(() => checkPayloadFormat(Buffer.from('Grüße'), 1)).not.toThrow()
  })
})
