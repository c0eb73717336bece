import type { Cursor } from './cursor.ts'
import { malformed, PacketError, quotaExceeded, topicAliasInvalid, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { Properties, UserProperty } from './properties.ts'
import { noProperties } from './properties.ts'
import type { PropertySpec } from './property-table.ts'
import { propertyTable } from './property-table.ts'
import { isTopicName } from './topic-name.ts'

/** More of them in one packet are refused: each costs far more memory than its five bytes on the wire. */
export const maxUserProperties = 1000

const specs: (PropertySpec | undefined)[] = []
for (const spec of propertyTable) specs[spec.id] = spec

/**
 * Reads a section of properties, its length included. `carrier`: a packet type, or `willCarrier`.
 * @throws PacketError 0x81: unknown or cut short; 0x82: not of this packet, repeated or out of range.
 */
export function readProperties(cursor: Cursor, carrier: number): Properties {
  const length = cursor.variableByteInteger()
  if (length === 0) return noProperties
  const packetEnd = cursor.end
  const end = cursor.position + length
  if (end > packetEnd) throw malformed('the properties are longer than the packet')
  // A value may not reach beyond the section, even where the packet goes on.
  cursor.end = end
  const properties: Partial<Record<keyof Properties, unknown>> = {}
  while (cursor.position < end) readProperty(cursor, carrier, properties)
  cursor.end = packetEnd
  return properties as Properties
}

function readProperty(cursor: Cursor, carrier: number, properties: Partial<Record<keyof Properties, unknown>>): void {
  const id = cursor.uint8()
  const spec = specs[id]
  if (spec === undefined) throw malformed(`property 0x${id.toString(16)} does not exist`)
  // The value first: a value that is cut short is malformed even where the property has no business.
  const value = readValue(cursor, spec)
  if ((spec.carriers & (1 << carrier)) === 0) throw misplaced(spec, carrier)
  if (spec.form === 'pair') {
    const list = properties.userProperties as UserProperty[] | undefined
    if (list === undefined) properties.userProperties = [value]
    else if (list.push(value as UserProperty) > maxUserProperties) {
      throw new PacketError(quotaExceeded, `more than ${maxUserProperties} user properties`)
    }
    return
  }
  if (properties[spec.name] !== undefined) throw violation(`${spec.name} is repeated`)
  properties[spec.name] = checkedValue(spec, value)
}

/** The standard calls it malformed (2.2.2.2); the code is the one that clients know of Mosquitto, packet by packet. */
function misplaced(spec: PropertySpec, carrier: number): PacketError {
  const message = `${spec.name} does not belong into this packet`
  const inRequest = carrier === packetType.subscribe || carrier === packetType.unsubscribe
  return inRequest ? malformed(message) : violation(message)
}

function readValue(cursor: Cursor, spec: PropertySpec): unknown {
  switch (spec.form) {
    case 'bit':
    case 'flag':
      return cursor.uint8()
    case 'uint16':
      return cursor.uint16()
    case 'uint32':
      return cursor.uint32()
    case 'variable':
      return cursor.variableByteInteger()
    case 'text':
      return cursor.text()
    case 'binary':
      return cursor.binary()
    case 'pair':
      return [cursor.text(), cursor.text()]
  }
}

function checkedValue(spec: PropertySpec, value: unknown): unknown {
  switch (spec.name) {
    case 'receiveMaximum':
    case 'maximumPacketSize':
      if (value === 0) throw violation(`${spec.name} is 0`)
      return value
    case 'topicAlias':
      if (value === 0) throw new PacketError(topicAliasInvalid, 'topicAlias is 0')
      return value
    case 'subscriptionIdentifiers':
      if (value === 0) throw malformed('the subscription identifier is 0')
      return [value]
    case 'responseTopic':
      // [MQTT-3.3.2-14]
      if (!isTopicName(value as string)) throw violation('the response topic is empty or has a wildcard')
      return value
  }
  if (spec.form !== 'bit' && spec.form !== 'flag') return value
  if (value !== 0 && value !== 1) throw violation(`${spec.name} is ${value}, neither 0 nor 1`)
  return spec.form === 'bit' ? value : value === 1
}
