import type { Cursor } from './cursor.ts'
import {
  clientIdentifierNotValid,
  malformed,
  malformedPacket,
  PacketError,
  unspoken,
  unsupportedProtocolVersion,
  violation,
} from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { Connect, ProtocolLevel, Qos, Will } from './packets.ts'
import type { Properties } from './properties.ts'
import { noProperties } from './properties.ts'
import { readProperties } from './property-reader.ts'
import { willCarrier } from './property-table.ts'
import { isTopicName } from './topic-name.ts'

const reservedFlag = 0x01
const cleanStartFlag = 0x02
const willFlag = 0x04
const willRetainFlag = 0x20
const passwordFlag = 0x40
const userFlag = 0x80
const bridgeBit = 0x80

/**
 * Name, level, flags, keep alive, properties (5.0), client id, will (properties (5.0), topic, payload), user name,
 * password: the last three as the flags say. [MQTT-3.1.3-1]
 * @throws PacketError 0x84 for a level that is not served; closeOnly for another protocol at level 3 or 4.
 */
export function readConnect(header: number, cursor: Cursor): Connect {
  const protocolName = cursor.text()
  const levelByte = cursor.uint8()
  const bridge = levelByte === (bridgeBit | 3) || levelByte === (bridgeBit | 4)
  const protocolLevel = bridge ? levelByte & ~bridgeBit : levelByte
  checkProtocol(protocolName, protocolLevel)
  // MQTT 3.1 leaves the flags of the header unused.
  if ((header & 0x0f) !== 0 && protocolLevel !== 3) throw malformed('reserved flags in the header of CONNECT')

  const flags = cursor.uint8()
  checkFlags(flags, protocolLevel)
  const keepAlive = cursor.uint16()
  const properties = protocolLevel === 5 ? readProperties(cursor, packetType.connect) : noProperties
  checkAuthentication(properties)
  const clientId = cursor.text(protocolLevel === 5 ? clientIdentifierNotValid : malformedPacket)
  const will = (flags & willFlag) !== 0 ? readWill(cursor, flags, protocolLevel) : undefined
  const { user, password } = readCredentials(cursor, flags, protocolLevel)
  cursor.finish()
  return {
    type: 'connect',
    protocolName: protocolName as Connect['protocolName'],
    protocolLevel: protocolLevel as ProtocolLevel,
    bridge,
    cleanStart: (flags & cleanStartFlag) !== 0,
    keepAlive,
    clientId,
    will,
    user,
    password,
    properties,
  }
}

function checkProtocol(name: string, level: number): void {
  const shown = `protocol "${name.slice(0, 20)}" at level ${level} is not served`
  // Before 5.0 another protocol gets no answer. [MQTT-3.1.2-1]
  if (name !== 'MQTT' && name !== 'MQIsdp' && (level === 3 || level === 4)) throw unspoken(shown)
  const served = name === 'MQTT' ? level === 4 || level === 5 : level === 3
  if (!served) throw new PacketError(unsupportedProtocolVersion, shown) // [MQTT-3.1.2-2]
}

function checkFlags(flags: number, level: number): void {
  // MQTT 3.1 leaves it unused.
  if ((flags & reservedFlag) !== 0 && level !== 3) throw malformed('the reserved connect flag is set') // [MQTT-3.1.2-3]
  if ((flags & willFlag) === 0) {
    if (willQos(flags) !== 0) throw malformed('a will QoS without a will')
    if ((flags & willRetainFlag) !== 0) throw malformed('will retain without a will')
  } else if (willQos(flags) === 3) throw malformed('the will QoS is 3')
  if (level !== 5 && (flags & passwordFlag) !== 0 && (flags & userFlag) === 0) {
    throw malformed('a password without a user name') // [MQTT-3.1.2-22] of 3.1.1
  }
}

function willQos(flags: number): number {
  return (flags >> 3) & 3
}

function readWill(cursor: Cursor, flags: number, level: number): Will {
  const properties = level === 5 ? readProperties(cursor, willCarrier) : noProperties
  const topic = cursor.text()
  if (topic === '') throw unspoken('the will topic is empty')
  if (!isTopicName(topic)) throw malformed('the will topic has a wildcard')
  const payload = cursor.binary()
  return { topic, payload, qos: willQos(flags) as Qos, retain: (flags & willRetainFlag) !== 0, properties }
}

/**
 * What is no text, or ends too early, gets no answer. In MQTT 3.1 a flag may stand for nothing, because the length of the
 * packet counts for more.
 */
function readCredentials(cursor: Cursor, flags: number, level: number): Pick<Connect, 'user' | 'password'> {
  const isThere = (flag: number) => (flags & flag) !== 0 && (level !== 3 || cursor.remaining > 0)
  try {
    const user = isThere(userFlag) ? cursor.text() : undefined
    const password = isThere(passwordFlag) ? cursor.binary() : undefined
    return { user, password }
  } catch (error) {
    throw error instanceof PacketError ? unspoken(error.message) : error
  }
}

/** Authentication data belongs to a method. */
export function checkAuthentication(properties: Properties): void {
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw violation('authentication data without a method')
  }
}
