import type { Output } from '../../../kernel/plugin.ts'
import { packetType } from './packet-type.ts'
import type { Auth, Connack, Disconnect, ProtocolLevel, Suback, Unsuback } from './packets.ts'
import type { Limits } from './reply.ts'
import { noLimits, writeReply } from './reply.ts'

/**
 * The packets that only a server sends, and its DISCONNECT and AUTH. Each returns false and writes nothing if the packet
 * is too large for the client, or does not exist in the protocol level.
 */
export function encodeConnack(
  output: Output,
  packet: Omit<Connack, 'type'>,
  level: ProtocolLevel,
  limits: Limits = noLimits,
): boolean {
  // In MQTT 3.1 the byte is reserved.
  const acknowledgeFlags = packet.sessionPresent && level !== 3 ? 1 : 0
  if (level !== 5) return writePlain(output, packetType.connack << 4, [acknowledgeFlags, packet.reasonCode])
  return writeReply(
    output,
    {
      header: packetType.connack << 4,
      head: [acknowledgeFlags],
      reasonCode: packet.reasonCode,
      properties: packet.properties,
      whole: true,
      outspoken: true,
    },
    limits,
  )
}

/** Before 5.0 every failure is 0x80. [MQTT-3.9.3-2] */
export function encodeSuback(
  output: Output,
  packet: Omit<Suback, 'type'>,
  level: ProtocolLevel,
  limits: Limits = noLimits,
): boolean {
  const header = packetType.suback << 4
  const head = packetIdBytes(packet.packetId)
  if (level !== 5) return writePlain(output, header, [...head, ...packet.reasonCodes.map(code => Math.min(code, 0x80))])
  return writeReply(
    output,
    { header, head, properties: packet.properties, tail: packet.reasonCodes, whole: true },
    limits,
  )
}

export function encodeUnsuback(
  output: Output,
  packet: Omit<Unsuback, 'type'>,
  level: ProtocolLevel,
  limits: Limits = noLimits,
): boolean {
  const header = packetType.unsuback << 4
  const head = packetIdBytes(packet.packetId)
  if (level !== 5) return writePlain(output, header, head)
  return writeReply(
    output,
    { header, head, properties: packet.properties, tail: packet.reasonCodes, whole: true },
    limits,
  )
}

export function encodeDisconnect(
  output: Output,
  packet: Partial<Omit<Disconnect, 'type'>>,
  level: ProtocolLevel,
  limits: Limits = noLimits,
): boolean {
  if (level !== 5) return false
  return writeReply(
    output,
    {
      header: packetType.disconnect << 4,
      head: [],
      reasonCode: packet.reasonCode ?? 0,
      properties: packet.properties,
      outspoken: true,
    },
    limits,
  )
}

export function encodeAuth(
  output: Output,
  packet: Partial<Omit<Auth, 'type'>>,
  level: ProtocolLevel,
  limits: Limits = noLimits,
): boolean {
  if (level !== 5) return false
  const reasonCode = packet.reasonCode ?? 0
  return writeReply(
    output,
    {
      header: packetType.auth << 4,
      head: [],
      reasonCode,
      properties: packet.properties,
      // The reason code alone is no form of AUTH.
      whole: reasonCode !== 0,
    },
    limits,
  )
}

function packetIdBytes(packetId: number): number[] {
  return [packetId >> 8, packetId & 0xff]
}

function writePlain(output: Output, header: number, bytes: readonly number[]): boolean {
  return writeReply(output, { header, head: bytes, properties: undefined }, noLimits)
}
