import type { Output } from '../../../kernel/plugin.ts'
import { Cursor } from './cursor.ts'
import { malformed, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { Acknowledgement, AcknowledgementType, ProtocolLevel } from './packets.ts'
import type { AcknowledgementProperties } from './properties.ts'
import { noProperties } from './properties.ts'
import { readProperties } from './property-reader.ts'
import type { Limits } from './reply.ts'
import { noLimits, writeReply } from './reply.ts'
import { writeUint16 } from './writer.ts'

const types: readonly AcknowledgementType[] = ['puback', 'pubrec', 'pubrel', 'pubcomp']
const ofPublish = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])
const ofRelease = new Set([0x00, 0x92])

/** PUBACK, PUBREC, PUBREL or PUBCOMP, by the header. 5.0 has three forms: identifier; and reason; and properties. */
export function readAcknowledgement(
  header: number,
  buffer: Buffer,
  start: number,
  end: number,
  level: ProtocolLevel,
): Acknowledgement {
  const packet = header >> 4
  const length = end - start
  if (length < 2) throw malformed('an acknowledgement ends within its packet identifier')
  if (level !== 5 && length !== 2) throw malformed(`an acknowledgement of ${length} bytes instead of 2`)
  const packetId = ((buffer[start] as number) << 8) | (buffer[start + 1] as number)
  if (packetId === 0) throw violation('an acknowledgement has packet identifier 0')
  let reasonCode = 0
  let properties: AcknowledgementProperties = noProperties
  if (length > 2) {
    reasonCode = buffer[start + 2] as number
    const allowed = packet === packetType.puback || packet === packetType.pubrec ? ofPublish : ofRelease
    if (!allowed.has(reasonCode)) throw violation(`reason code ${reasonCode} is not of this acknowledgement`)
    if (length > 3) {
      const cursor = new Cursor(buffer, start + 3, end)
      properties = readProperties(cursor, packet)
      cursor.finish()
    }
  }
  return { type: types[packet - packetType.puback] as AcknowledgementType, packetId, reasonCode, properties }
}

/**
 * Writes the shortest form. Reason string and user properties are left out when the packet would be too large for the
 * client, or when it asked for no problem information. [MQTT-3.1.2-29] [MQTT-3.4.2-2] [MQTT-3.4.2-3]
 */
export function encodeAcknowledgement(
  output: Output,
  type: AcknowledgementType,
  packetId: number,
  level: ProtocolLevel,
  reasonCode = 0,
  properties: AcknowledgementProperties = noProperties,
  limits: Limits = noLimits,
): boolean {
  const header = (packetType[type] << 4) | (type === 'pubrel' ? 2 : 0)
  if (level !== 5 || (reasonCode === 0 && properties === noProperties)) {
    const position = output.reserve(4)
    const { buffer } = output
    buffer[position] = header
    buffer[position + 1] = 2
    writeUint16(buffer, position + 2, packetId)
    return true
  }
  return writeReply(output, { header, head: [packetId >> 8, packetId & 0xff], reasonCode, properties }, limits)
}

export function encodePingresp(output: Output): void {
  const position = output.reserve(2)
  output.buffer[position] = packetType.pingresp << 4
  output.buffer[position + 1] = 0
}
