import type { Cursor } from './cursor.ts'
import { malformed, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { ProtocolLevel, Qos, Subscribe, Subscription, Unsubscribe } from './packets.ts'
import { noProperties } from './properties.ts'
import { readProperties } from './property-reader.ts'
import { checkFilterForm } from './topic-filter.ts'

/** Packet identifier, properties (5.0), then filters with their options. */
export function readSubscribe(cursor: Cursor, level: ProtocolLevel): Subscribe {
  const packetId = readPacketId(cursor)
  const properties = level === 5 ? readProperties(cursor, packetType.subscribe) : noProperties
  if (cursor.remaining === 0) throw malformed('SUBSCRIBE names no filter') // [MQTT-3.8.3-2]
  const subscriptions: Subscription[] = []
  while (cursor.remaining > 0) subscriptions.push(readSubscription(cursor, level))
  return { type: 'subscribe', packetId, subscriptions, properties }
}

function readSubscription(cursor: Cursor, level: ProtocolLevel): Subscription {
  const filter = readFilter(cursor)
  const options = cursor.uint8()
  const reserved = level === 5 ? 0xc0 : 0xfc
  if ((options & reserved) !== 0) throw malformed('reserved bits of the subscription options are set') // [MQTT-3.8.3-5]
  const qos = options & 3
  if (qos === 3) throw malformed('a subscription asks for QoS 3')
  const retainHandling = options >> 4
  if (retainHandling === 3) throw malformed('a subscription has retain handling 3')
  const noLocal = (options & 4) !== 0
  if (noLocal && filter.startsWith('$share/')) throw violation('a shared subscription with No Local') // [MQTT-3.8.3-4]
  return {
    filter,
    qos: qos as Qos,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  }
}

/** Packet identifier, properties (5.0), then filters. */
export function readUnsubscribe(cursor: Cursor, level: ProtocolLevel): Unsubscribe {
  const packetId = readPacketId(cursor)
  const properties = level === 5 ? readProperties(cursor, packetType.unsubscribe) : noProperties
  if (cursor.remaining === 0) throw malformed('UNSUBSCRIBE names no filter') // [MQTT-3.10.3-2]
  const filters: string[] = []
  while (cursor.remaining > 0) filters.push(readFilter(cursor))
  return { type: 'unsubscribe', packetId, filters, properties }
}

function readPacketId(cursor: Cursor): number {
  const packetId = cursor.uint16()
  if (packetId === 0) throw malformed('the packet identifier is 0') // [MQTT-2.2.1-3]
  return packetId
}

function readFilter(cursor: Cursor): string {
  const filter = cursor.text()
  checkFilterForm(filter)
  return filter
}
