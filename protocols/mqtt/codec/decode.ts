import { readAcknowledgement } from './acknowledge.ts'
import { readConnect } from './connect.ts'
import { Cursor } from './cursor.ts'
import { readAuth, readDisconnect } from './disconnect.ts'
import { malformed, unspoken, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { ClientPacket, ProtocolLevel } from './packets.ts'
import { readPublish } from './publish.ts'
import { readSubscribe, readUnsubscribe } from './subscribe.ts'

/**
 * Reads a client's packet whose bytes after the fixed header are `buffer` from `start` to `end`. `level` 0: before
 * CONNECT, when nothing else may come. The payload of a PUBLISH is a view into `buffer`; all else is copied.
 * @throws PacketError and nothing else, whatever the bytes are.
 */
export function decodePacket(
  header: number,
  buffer: Buffer,
  start: number,
  end: number,
  level: ProtocolLevel | 0,
): ClientPacket {
  const type = header >> 4
  if (level === 0) {
    if (type !== packetType.connect) throw violation('the first packet is not CONNECT') // [MQTT-3.1.0-1]
    return readConnect(header, new Cursor(buffer, start, end))
  }
  checkHeader(header, level)
  switch (type) {
    case packetType.publish:
      return readPublish(header, buffer, start, end, level)
    case packetType.puback:
    case packetType.pubrec:
    case packetType.pubrel:
    case packetType.pubcomp:
      return readAcknowledgement(header, buffer, start, end, level)
    case packetType.subscribe:
      return readSubscribe(new Cursor(buffer, start, end), level)
    case packetType.unsubscribe:
      return readUnsubscribe(new Cursor(buffer, start, end), level)
    case packetType.pingreq:
      if (start !== end) throw unspoken('PINGREQ has content')
      return pingreq
    case packetType.disconnect:
      return readDisconnect(new Cursor(buffer, start, end), level)
    case packetType.auth:
      return readAuth(new Cursor(buffer, start, end), level)
    case packetType.connect:
      throw violation('a second CONNECT') // [MQTT-3.1.0-2]
    case packetType.pingresp:
      if (start !== end) throw unspoken('PINGRESP has content, and comes from a client')
      throw violation('a client may not send PINGRESP')
    default:
      throw violation(`a client may not send packets of type ${type}`)
  }
}

const pingreq = { type: 'pingreq' } as const

/** Flags, by type, of every packet but PUBLISH. [MQTT-2.1.3-1] */
const flagsOf = new Uint8Array(16)
for (const type of [packetType.pubrel, packetType.subscribe, packetType.unsubscribe]) flagsOf[type] = 2

function checkHeader(header: number, level: ProtocolLevel): void {
  const flags = header & 0x0f
  if (header >> 4 === packetType.publish) {
    if ((flags & 6) === 6) throw malformed('PUBLISH has QoS 3') // [MQTT-3.3.1-4]
    if ((flags & 14) === 8) throw malformed('PUBLISH has DUP at QoS 0') // [MQTT-3.3.1-2]
  } else if (flags !== flagsOf[header >> 4] && level !== 3 && header >> 4 !== packetType.connack) {
    // MQTT 3.1 leaves them unused, and marks repeated SUBSCRIBE and PUBREL with DUP. CONNACK is wrong with any flags.
    throw malformed(`reserved flags ${flags} in the header of packet type ${header >> 4}`)
  }
}
