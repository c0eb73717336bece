import type { Cursor } from './cursor.ts'
import { malformed, PacketError, quotaExceeded, topicAliasInvalid, violation } from './packet-error.ts'
import type { Properties, UserProperty } from './properties.ts'
import { noProperties } from './properties.ts'
import type { PropertySpec } from './property-table.ts'
import { propertyTable } from './property-table.ts'

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
  if ((spec.carriers & (1 << carrier)) === 0) throw violation(`${spec.name} does not belong into this packet`)
  if (spec.form === 'pair') {
    const list = properties.userProperties as UserProperty[] | undefined
    if (list === undefined) properties.userProperties = [value]
    else if (list.push(value as UserProperty) > maxUserProperties) {
      throw new PacketError(quotaExceeded, `more than ${maxUserProperties} user properties`)
    }
    return
  }
  if (properties[spec.name] !== undefined) throw violation(`${spec.name} is repeated`)
  properties[spec.name] = spec.form === 'variable' ? [value] : value
}

function readValue(cursor: Cursor, spec: PropertySpec): unknown {
  switch (spec.form) {
    case 'bit':
      return readBit(cursor, spec)
    case 'flag':
      return readBit(cursor, spec) === 1
    case 'uint16': {
      const value = cursor.uint16()
      if (value === 0 && spec.name === 'receiveMaximum') throw violation('receiveMaximum is 0')
      if (value === 0 && spec.name === 'topicAlias') throw new PacketError(topicAliasInvalid, 'topicAlias is 0')
      return value
    }
    case 'uint32': {
      const value = cursor.uint32()
      if (value === 0 && spec.name === 'maximumPacketSize') throw violation('maximumPacketSize is 0')
      return value
    }
    case 'variable': {
      const value = cursor.variableByteInteger()
      if (value === 0) throw violation(`${spec.name} is 0`)
      return value
    }
    case 'text':
      return cursor.text()
    case 'binary':
      return cursor.binary()
    case 'pair':
      return [cursor.text(), cursor.text()]
  }
}

function readBit(cursor: Cursor, spec: PropertySpec): number {
  const value = cursor.uint8()
  if (value > 1) throw violation(`${spec.name} is ${value}, neither 0 nor 1`)
  return value
}
