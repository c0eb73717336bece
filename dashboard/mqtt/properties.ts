import type { Reader } from './wire.ts'

/** Properties of MQTT 5, by their names in the standard. */
export type Properties = readonly (readonly [name: string, value: string])[]

type Kind = 'byte' | 'short' | 'long' | 'length' | 'text' | 'binary' | 'pair'

const known: Readonly<Record<number, readonly [name: string, kind: Kind]>> = {
  1: ['payloadFormatIndicator', 'byte'],
  2: ['messageExpiryInterval', 'long'],
  3: ['contentType', 'text'],
  8: ['responseTopic', 'text'],
  9: ['correlationData', 'binary'],
  11: ['subscriptionIdentifier', 'length'],
  17: ['sessionExpiryInterval', 'long'],
  18: ['assignedClientIdentifier', 'text'],
  19: ['serverKeepAlive', 'short'],
  21: ['authenticationMethod', 'text'],
  22: ['authenticationData', 'binary'],
  26: ['responseInformation', 'text'],
  28: ['serverReference', 'text'],
  31: ['reasonString', 'text'],
  33: ['receiveMaximum', 'short'],
  34: ['topicAliasMaximum', 'short'],
  35: ['topicAlias', 'short'],
  36: ['maximumQos', 'byte'],
  37: ['retainAvailable', 'byte'],
  38: ['userProperty', 'pair'],
  39: ['maximumPacketSize', 'long'],
  40: ['wildcardSubscriptionAvailable', 'byte'],
  41: ['subscriptionIdentifiersAvailable', 'byte'],
  42: ['sharedSubscriptionAvailable', 'byte'],
}

/** The property block of a packet. @throws RangeError for one that is not known */
export function readProperties(reader: Reader): Properties {
  const end = reader.left
  const length = reader.length()
  const stop = reader.left - length
  if (stop < 0 || stop > end) throw new RangeError('properties are longer than their packet')
  const found: (readonly [string, string])[] = []
  while (reader.left > stop) {
    const id = reader.byte()
    const [name, kind] = known[id] ?? []
    if (name === undefined || kind === undefined) throw new RangeError(`property ${id} is not known`)
    if (kind === 'pair') found.push([reader.text(), reader.text()])
    else found.push([name, textOf(reader, kind)])
  }
  return found
}

function textOf(reader: Reader, kind: Exclude<Kind, 'pair'>): string {
  if (kind === 'text') return reader.text()
  if (kind === 'binary')
    return [...reader.bytes(reader.short())].map(byte => byte.toString(16).padStart(2, '0')).join(' ')
  return String(reader[kind]())
}
