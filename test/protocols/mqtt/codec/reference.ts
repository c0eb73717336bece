import type { Packet } from 'mqtt-packet'
import mqttPacket from 'mqtt-packet'
import type { ProtocolLevel } from '../../../../protocols/mqtt/codec/packets.ts'
import type { Properties } from '../../../../protocols/mqtt/codec/properties.ts'

/** mqtt-packet, the independent reference: what it parses out of one packet. */
export function referenceParse(bytes: Buffer, level: ProtocolLevel): Record<string, unknown> {
  const parser = mqttPacket.parser({ protocolVersion: level })
  const packets: unknown[] = []
  parser.on('packet', packet => packets.push(packet))
  parser.on('error', error => {
    throw error
  })
  parser.parse(bytes)
  if (packets.length !== 1) throw new Error(`${packets.length} packets instead of 1`)
  return packets[0] as Record<string, unknown>
}

export function referenceGenerate(packet: object, level: ProtocolLevel): Buffer {
  return mqttPacket.generate(packet as Packet, { protocolVersion: level })
}

/** Our properties as mqtt-packet has them: other names, booleans, and user properties as keys of an object. */
export function referenceProperties(properties: Properties): Record<string, unknown> | undefined {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'payloadFormatIndicator') result[name] = value === 1
    else if (name === 'maximumQos') result.maximumQoS = value
    else if (name === 'subscriptionIdentifiers') {
      const ids = value as number[]
      result.subscriptionIdentifier = ids.length === 1 ? ids[0] : ids
    } else if (name === 'userProperties') {
      const object = Object.create(null)
      for (const [key, text] of value as [string, string][]) object[key] = text
      result[name] = object
    } else result[name] = value
  }
  return Object.keys(result).length === 0 ? undefined : result
}

/** The same, for comparing: order of names does not count, and plain objects only. */
export function comparable(properties: unknown): unknown {
  if (properties === undefined) return {}
  return Object.fromEntries(
    Object.entries(properties as object).map(([name, value]) => [
      name,
      name === 'userProperties' ? new Map(Object.entries(value as object).sort()) : value,
    ]),
  )
}
