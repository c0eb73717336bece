import { properties as section, userProperty, varint } from './bytes.ts'

export type Pair = readonly [name: string, value: string]

/**
 * MQTT 5.0 property sections straight from the bytes of a packet: in order, repeated ones included, which the objects
 * of `mqtt-packet` cannot show. Strict, so that whatever a broker writes wrongly fails the test that reads it.
 */
export interface Property {
  readonly id: number
  readonly name: string
  readonly value: number | string | Buffer | Pair
}

type Kind = 'byte' | 'u16' | 'u32' | 'varint' | 'text' | 'binary' | 'pair'

/** Table 2-4 of the standard; packets by the high four bits of their first byte, 0 stands for will properties. */
const table: Readonly<Record<number, readonly [name: string, kind: Kind, packets: readonly number[]]>> = {
  1: ['payloadFormatIndicator', 'byte', [3, 0]],
  2: ['messageExpiryInterval', 'u32', [3, 0]],
  3: ['contentType', 'text', [3, 0]],
  8: ['responseTopic', 'text', [3, 0]],
  9: ['correlationData', 'binary', [3, 0]],
  11: ['subscriptionIdentifier', 'varint', [3, 8]],
  17: ['sessionExpiryInterval', 'u32', [1, 2, 14]],
  18: ['assignedClientIdentifier', 'text', [2]],
  19: ['serverKeepAlive', 'u16', [2]],
  21: ['authenticationMethod', 'text', [1, 2, 15]],
  22: ['authenticationData', 'binary', [1, 2, 15]],
  23: ['requestProblemInformation', 'byte', [1]],
  24: ['willDelayInterval', 'u32', [0]],
  25: ['requestResponseInformation', 'byte', [1]],
  26: ['responseInformation', 'text', [2]],
  28: ['serverReference', 'text', [2, 14]],
  31: ['reasonString', 'text', [2, 4, 5, 6, 7, 9, 11, 14, 15]],
  33: ['receiveMaximum', 'u16', [1, 2]],
  34: ['topicAliasMaximum', 'u16', [1, 2]],
  35: ['topicAlias', 'u16', [3]],
  36: ['maximumQoS', 'byte', [2]],
  37: ['retainAvailable', 'byte', [2]],
  38: ['userProperties', 'pair', [1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15]],
  39: ['maximumPacketSize', 'u32', [1, 2]],
  40: ['wildcardSubscriptionAvailable', 'byte', [2]],
  41: ['subscriptionIdentifiersAvailable', 'byte', [2]],
  42: ['sharedSubscriptionAvailable', 'byte', [2]],
}

/** The properties of an MQTT 5.0 packet in wire order (a CONNECT's own, without those of its will). */
export function propertiesOf(raw: Buffer): Property[] {
  const kind = raw[0]! >> 4
  const place = sections(raw)[0]
  if (place === undefined) return []
  const reader = new Reader(raw, place.content, place.end)
  const out: Property[] = []
  while (!reader.done) {
    const id = reader.varint()
    const row = table[id]
    if (row === undefined) throw new Error(`property ${id} does not exist`)
    const [name, type, packets] = row
    if (!packets.includes(kind)) throw new Error(`property ${name} is not allowed in a packet of type ${kind}`)
    const repeatable = id === 38 || (id === 11 && kind === 3)
    if (!repeatable && out.some(other => other.id === id)) throw new Error(`property ${name} comes twice`)
    out.push({ id, name, value: reader.read(type) })
  }
  return out
}

/** The user properties of an MQTT 5.0 packet in wire order. */
export function userPropertiesOf(raw: Buffer): Pair[] {
  return propertiesOf(raw).flatMap(({ id, value }) => (id === 38 ? [value as Pair] : []))
}

/** Writes user properties, in order, at the end of a packet's property section: `which` 1 is the will's. */
export function withUserProperties(raw: Buffer, pairs: readonly Pair[], which = 0): Buffer {
  const place = sections(raw)[which]
  if (place === undefined) throw new Error('this packet has no property section: is it MQTT 5.0?')
  const added = pairs.map(([name, value]) => userProperty(name, value))
  const body = Buffer.concat([
    raw.subarray(bodyStart(raw), place.start),
    section(raw.subarray(place.content, place.end), ...added),
    raw.subarray(place.end),
  ])
  return Buffer.concat([raw.subarray(0, 1), varint(body.length), body])
}

interface Section {
  /** Where the section's length begins, its first property, and the first byte after it. */
  readonly start: number
  readonly content: number
  readonly end: number
}

/** Where the property sections of a packet lie; none where the short form of an acknowledgement leaves them out. */
function sections(raw: Buffer): Section[] {
  const kind = raw[0]! >> 4
  const reader = new Reader(raw, bodyStart(raw), raw.length)
  switch (kind) {
    case 1: {
      reader.skipText()
      reader.skip(1)
      const flags = reader.read('byte') as number
      reader.skip(2)
      const own = reader.section()
      reader.skipText()
      return flags & 0x04 ? [own, reader.section()] : [own]
    }
    case 2:
      reader.skip(2)
      return [reader.section()]
    case 3:
      reader.skipText()
      if ((raw[0]! & 0x06) !== 0) reader.skip(2)
      return [reader.section()]
    case 4:
    case 5:
    case 6:
    case 7:
      reader.skip(2)
      if (reader.done) return []
      reader.skip(1)
      return reader.done ? [] : [reader.section()]
    case 8:
    case 9:
    case 10:
    case 11:
      reader.skip(2)
      return [reader.section()]
    case 14:
    case 15:
      if (reader.done) return []
      reader.skip(1)
      return reader.done ? [] : [reader.section()]
    default:
      return []
  }
}

function bodyStart(raw: Buffer): number {
  let at = 1
  while (raw[at]! & 0x80) at++
  return at + 1
}

class Reader {
  #raw: Buffer
  #at: number
  #end: number

  constructor(raw: Buffer, at: number, end: number) {
    this.#raw = raw
    this.#at = at
    this.#end = end
  }

  get done(): boolean {
    return this.#at === this.#end
  }

  skip(bytes: number): number {
    const from = this.#at
    this.#at += bytes
    if (this.#at > this.#end) throw new Error(`the packet ends in the middle of a field at byte ${from}`)
    return from
  }

  skipText(): Buffer {
    const length = this.#raw.readUInt16BE(this.skip(2))
    return this.#raw.subarray(this.skip(length), this.#at)
  }

  varint(): number {
    let value = 0
    for (let digit = 0; digit < 4; digit++) {
      const next = this.#raw[this.skip(1)]!
      value += (next & 0x7f) * 128 ** digit
      if (next < 0x80) {
        if (next === 0 && digit > 0) throw new Error(`${value} is not encoded in the fewest bytes [MQTT-1.5.5-1]`)
        return value
      }
    }
    throw new Error('a variable byte integer has more than four bytes')
  }

  section(): Section {
    const start = this.#at
    const length = this.varint()
    const content = this.skip(length)
    return { start, content, end: this.#at }
  }

  read(kind: Kind): number | string | Buffer | Pair {
    switch (kind) {
      case 'byte':
        return this.#raw[this.skip(1)]!
      case 'u16':
        return this.#raw.readUInt16BE(this.skip(2))
      case 'u32':
        return this.#raw.readUInt32BE(this.skip(4))
      case 'varint':
        return this.varint()
      case 'binary':
        return this.skipText()
      case 'text':
        return utf8(this.skipText())
      case 'pair':
        return [utf8(this.skipText()), utf8(this.skipText())]
    }
  }
}

function utf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}
