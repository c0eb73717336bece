import { isUtf8 } from 'node:buffer'
import { type Output, type PackedBytes, writeBytes } from '../../../kernel/plugin.ts'
import { Cursor } from './cursor.ts'
import { malformed, PacketError, payloadFormatInvalid, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { ProtocolLevel, Publish, Qos } from './packets.ts'
import type { PublishProperties } from './properties.ts'
import { noProperties } from './properties.ts'
import { readProperties } from './property-reader.ts'
import { propertiesSize, writeProperties } from './property-writer.ts'
import { decodeTopicName } from './topic-name.ts'
import { variableSize, writeUint16, writeVariable } from './writer.ts'

// One for all: a packet is read in one go, so nothing else can be using it.
const cursor = new Cursor(Buffer.alloc(0), 0, 0)

/** Reads the packet whose bytes after the fixed header are `buffer` from `start` to `end`. @throws PacketError */
export function readPublish(header: number, buffer: Buffer, start: number, end: number, level: ProtocolLevel): Publish {
  const qos = (header >> 1) & 3
  let position = start + 2
  if (position > end) throw malformed('PUBLISH ends before its topic name')
  const topicEnd = position + (((buffer[start] as number) << 8) | (buffer[start + 1] as number))
  if (topicEnd > end) throw malformed('PUBLISH ends within its topic name')
  const topic = decodeTopicName(buffer, position, topicEnd)
  position = topicEnd

  let packetId = 0
  if (qos > 0) {
    position += 2
    if (position > end) throw malformed('PUBLISH ends before its packet identifier')
    packetId = ((buffer[topicEnd] as number) << 8) | (buffer[topicEnd + 1] as number)
    if (packetId === 0) throw violation('PUBLISH has packet identifier 0')
  }

  let properties: PublishProperties = noProperties
  if (level === 5) {
    // Most publishes carry no property: one zero byte.
    if (position < end && buffer[position] === 0) position++
    else {
      cursor.buffer = buffer
      cursor.position = position
      cursor.end = end
      properties = readProperties(cursor, packetType.publish)
      position = cursor.position
    }
  }
  if (topic === '' && properties.topicAlias === undefined) throw malformed('PUBLISH has neither topic name nor alias')

  return {
    type: 'publish',
    dup: (header & 8) !== 0,
    qos: qos as Qos,
    retain: (header & 1) !== 0,
    topic,
    packetId,
    payload: buffer.subarray(position, end),
    properties,
  }
}

/** @throws PacketError 0x99 when the payload was declared to be text and is none. */
export function checkPayloadFormat(payload: Uint8Array, indicator: 0 | 1 | undefined): void {
  if (indicator === 1 && !isUtf8(payload)) {
    throw new PacketError(payloadFormatInvalid, 'the payload is declared to be UTF-8 and is not')
  }
}

export interface OutgoingPublish {
  readonly dup?: boolean
  readonly qos: Qos
  readonly retain: boolean
  /** Empty when a topic alias that the client knows stands for it. */
  readonly topic: string
  /** Not written at QoS 0. */
  readonly packetId: number
  readonly payload: PackedBytes
  readonly properties?: PublishProperties | undefined
}

/**
 * Writes the packet, or nothing and returns false if it would be larger than the client takes. [MQTT-3.1.2-24]
 * `maximumPacketSize` in bytes; default: no limit.
 */
export function encodePublish(
  output: Output,
  packet: OutgoingPublish,
  level: ProtocolLevel,
  maximumPacketSize = Number.POSITIVE_INFINITY,
): boolean {
  const topicBytes = Buffer.byteLength(packet.topic)
  const propertyBytes = level === 5 ? propertiesSize(packet.properties) : 0
  const remaining = publishRemaining(packet, level, topicBytes, propertyBytes)
  const size = 1 + variableSize(remaining) + remaining
  if (size > maximumPacketSize) return false
  const position = output.reserve(size)
  writePublish(output.buffer, position, packet, level, { topicBytes, propertyBytes, remaining })
  return true
}

/** Bytes after the fixed header. */
export function publishRemaining(
  packet: OutgoingPublish,
  level: ProtocolLevel,
  topicBytes: number,
  propertyBytes: number,
): number {
  const section = level === 5 ? variableSize(propertyBytes) + propertyBytes : 0
  return 2 + topicBytes + (packet.qos > 0 ? 2 : 0) + section + packet.payload.length
}

export interface PublishSizes {
  readonly topicBytes: number
  readonly propertyBytes: number
  readonly remaining: number
}

/** Fills `buffer` from `position` on; returns where the packet identifier is, or would be. */
export function writePublish(
  buffer: Buffer,
  start: number,
  packet: OutgoingPublish,
  level: ProtocolLevel,
  sizes: PublishSizes,
): number {
  const { topicBytes, propertyBytes } = sizes
  buffer[start] =
    (packetType.publish << 4) | (packet.dup === true ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0)
  let position = writeVariable(buffer, start + 1, sizes.remaining)
  position = writeUint16(buffer, position, topicBytes)
  if (topicBytes === packet.topic.length) buffer.latin1Write(packet.topic, position, topicBytes)
  else buffer.utf8Write(packet.topic, position, topicBytes)
  position += topicBytes
  const packetIdAt = position
  if (packet.qos > 0) position = writeUint16(buffer, position, packet.packetId)
  if (level === 5) position = writeProperties(buffer, position, packet.properties, propertyBytes)
  writeBytes(buffer, position, packet.payload)
  return packetIdAt
}
