import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeAcknowledgement, encodePingresp } from '../../../../protocols/mqtt/codec/acknowledge.ts'
import type { AcknowledgementType } from '../../../../protocols/mqtt/codec/packets.ts'
import * as any from './arbitraries.ts'
import { MemoryOutput, written } from './memory-output.ts'
import { comparable, referenceGenerate, referenceParse, referenceProperties } from './reference.ts'
import { decodeWhole } from './whole-packet.ts'

const codes: Record<AcknowledgementType, number[]> = {
  puback: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  pubrec: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  pubrel: [0x00, 0x92],
  pubcomp: [0x00, 0x92],
}
const typeAndCode = fc
  .constantFrom<AcknowledgementType[]>('puback', 'pubrec', 'pubrel', 'pubcomp')
  .chain(type => fc.record({ type: fc.constant(type), reasonCode: fc.constantFrom(...codes[type]) }))

function acknowledgements(pairs: typeof any.userProperties) {
  return fc.tuple(typeAndCode, any.packetId, any.level, any.acknowledgementProperties(pairs))
}

describe('PUBACK, PUBREC, PUBREL and PUBCOMP', () => {
  test('what mqtt-packet writes is read as it was meant, at every level', () => {
    fc.assert(
      fc.property(acknowledgements(any.plainUserProperties), ([{ type, reasonCode }, packetId, level, properties]) => {
        const packet = { cmd: type, messageId: packetId, reasonCode, properties: referenceProperties(properties) }
        expect(decodeWhole(referenceGenerate(packet, level), level)).toEqual({
          type,
          packetId,
          reasonCode: level === 5 ? reasonCode : 0,
          properties: level === 5 ? properties : {},
        })
      }),
    )
  })

  test('what we write is read by mqtt-packet as it was meant [MQTT-2.2.1-5] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.7.2-1]', () => {
    fc.assert(
      fc.property(acknowledgements(any.plainUserProperties), ([{ type, reasonCode }, packetId, level, properties]) => {
        const bytes = written(output => encodeAcknowledgement(output, type, packetId, level, reasonCode, properties))
        const read = referenceParse(bytes, level)
        expect(read).toMatchObject({ cmd: type, messageId: packetId })
        if (level !== 5) expect(bytes.length).toBe(4)
        else {
          expect(read.reasonCode).toBe(reasonCode)
          expect(comparable(read.properties)).toEqual(comparable(referenceProperties(properties)))
        }
      }),
    )
  })

  test('our own reading gives back what we wrote, duplicates in order', () => {
    fc.assert(
      fc.property(acknowledgements(any.userProperties), ([{ type, reasonCode }, packetId, , properties]) => {
        const bytes = written(output => encodeAcknowledgement(output, type, packetId, 5, reasonCode, properties))
        expect(decodeWhole(bytes, 5)).toEqual({ type, packetId, reasonCode, properties })
      }),
    )
  })

  test('the shortest form is written', () => {
    expect(written(o => encodeAcknowledgement(o, 'puback', 0x1234, 5)).toString('hex')).toBe('40021234')
    expect(written(o => encodeAcknowledgement(o, 'pubrec', 0x1234, 5, 0x10)).toString('hex')).toBe('5003123410')
    expect(written(o => encodeAcknowledgement(o, 'pubrel', 0x1234, 4)).toString('hex')).toBe('62021234')
    expect(written(o => encodePingresp(o)).toString('hex')).toBe('d000')
  })

  test('the reason string and then user properties are left out when too big [MQTT-3.4.2-2] [MQTT-3.4.2-3]', () => {
    const properties = { reasonString: 'because', userProperties: [['name', 'value']] as const }
    const write = (maximumPacketSize: number) =>
      written(output => encodeAcknowledgement(output, 'puback', 1, 5, 0x80, properties, { maximumPacketSize }))
    const all = write(1000)
    expect(decodeWhole(write(all.length), 5)).toMatchObject({ properties })
    const withoutReason = write(all.length - 1)
    expect(decodeWhole(withoutReason, 5)).toEqual(
      expect.objectContaining({ properties: { userProperties: properties.userProperties } }),
    )
    expect(decodeWhole(write(withoutReason.length - 1), 5)).toMatchObject({ reasonCode: 0x80, properties: {} })
    expect(write(4)).toHaveLength(0)
  })

  test('a client that asked for no problem information gets the reason code alone [MQTT-3.1.2-29]', () => {
    const properties = { reasonString: 'because', userProperties: [['name', 'value']] as const }
    const output = new MemoryOutput()
    encodeAcknowledgement(output, 'puback', 1, 5, 0x80, properties, { problemInformation: false })
    expect(output.buffer.toString('hex')).toBe('4003000180')
  })
})
