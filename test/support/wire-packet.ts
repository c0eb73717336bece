import type { IConnectPacket, IPublishPacket, Packet, PacketCmd } from 'mqtt-packet'
import { generate, parser } from 'mqtt-packet'
import { type Pair, propertiesOf, withUserProperties } from './wire-properties.ts'

export type Version = 3 | 4 | 5

interface OnTheWire {
  /** The packet's bytes. Not enumerable, so that `toEqual` compares the fields alone. */
  readonly raw: Buffer
  /** User properties in wire order, repeated ones included. Not enumerable. */
  readonly userProperties: readonly Pair[]
}

type Publish = Omit<IPublishPacket, 'payload'> & {
  readonly payload: Buffer
  /** The payload as UTF-8. Not enumerable. */
  readonly text: string
}

type Plain<C extends PacketCmd> = C extends 'publish'
  ? Publish
  : C extends 'suback'
    ? Omit<Extract<Packet, { cmd: 'suback' }>, 'granted'> & { readonly granted: number[] }
    : Extract<Packet, { cmd: C }>

/** A packet of one kind that came from the broker. */
export type ReceivedOf<C extends PacketCmd> = C extends PacketCmd ? Plain<C> & OnTheWire : never

/** Any packet that came from the broker: narrow it by its `cmd`. */
export type Received = ReceivedOf<PacketCmd>

/** User properties as pairs are written in their order, repeated ones too; `mqtt-packet`'s objects may be given as well. */
export type Properties<P> = Omit<NonNullable<P>, 'userProperties'> & {
  readonly userProperties?: readonly Pair[] | Record<string, string | string[]>
}

/** A packet to send: one of `mqtt-packet`'s, in which user properties may be a list of pairs. */
export type Outgoing = Sendable<Packet>

type Sendable<P> = P extends IConnectPacket
  ? Omit<P, 'properties' | 'will'> & WithProperties<P['properties']> & { readonly will?: SendableWill }
  : P extends { properties?: infer Q }
    ? Omit<P, 'properties'> & WithProperties<Q>
    : P

type Will = NonNullable<IConnectPacket['will']>

/** A will in which user properties may be a list of pairs. */
export type SendableWill = Omit<Will, 'properties'> & WithProperties<Will['properties']>

interface WithProperties<Q> {
  readonly properties?: Properties<Q>
}

/** The bytes of a packet as `mqtt-packet` writes them, with user properties in the order in which they were given. */
export function encode(packet: Outgoing, version: Version): Buffer {
  const { properties: own, pairs } = splitPairs((packet as { properties?: object }).properties)
  const given = (packet as { will?: { properties?: object } }).will
  const { properties: willProperties, pairs: willPairs } = splitPairs(given?.properties)
  const will = given === undefined ? {} : { will: { ...given, properties: willProperties ?? {} } }
  const plain = { ...packet, properties: own ?? {}, ...will } as unknown as Packet
  let raw = generate(plain, { protocolVersion: version })
  if (pairs.length > 0) raw = withUserProperties(raw, pairs, 0)
  if (willPairs.length > 0) raw = withUserProperties(raw, willPairs, 1)
  return raw
}

function splitPairs(properties: { userProperties?: unknown } | undefined): {
  properties?: object
  pairs: readonly Pair[]
} {
  if (properties === undefined) return { pairs: [] }
  const { userProperties, ...rest } = properties
  return Array.isArray(userProperties) ? { properties: rest, pairs: userProperties } : { properties, pairs: [] }
}

/** How long the packet at the start of these bytes is in all; undefined while its length is not complete. */
export function frameLength(bytes: Buffer): number | undefined {
  let length = 0
  for (let digit = 0; digit < 4; digit++) {
    const next = bytes[1 + digit]
    if (next === undefined) return undefined
    length += (next & 0x7f) * 128 ** digit
    if (next < 0x80) {
      if (next === 0 && digit > 0)
        throw new Error(`remaining length ${length} is not encoded in the fewest bytes [MQTT-1.5.5-1]`)
      return 2 + digit + length
    }
  }
  throw new Error(`a remaining length of more than four bytes: ${bytes.subarray(0, 8).toString('hex')}`)
}

/** Reads exactly one packet; throws on anything that a strict client would not accept from a server. */
export function decode(raw: Buffer, version: Version): Received {
  let found: Packet | undefined
  const reader = parser({ protocolVersion: version })
  reader.on('packet', packet => {
    found = packet
  })
  reader.on('error', error => {
    throw new Error(`${error.message}: ${raw.toString('hex')}`)
  })
  reader.parse(raw)
  if (found === undefined) throw new Error(`no packet in ${raw.toString('hex')}`)
  if (toServerOnly.has(found.cmd)) throw new Error(`a server never sends ${found.cmd}: ${raw.toString('hex')}`)
  const userProperties = version === 5 ? strictUserProperties(raw) : []
  const packet = fields(found)
  Object.defineProperty(packet, 'raw', { value: raw })
  Object.defineProperty(packet, 'userProperties', { value: userProperties })
  if (found.cmd === 'publish')
    Object.defineProperty(packet, 'text', { get: () => (found?.cmd === 'publish' ? String(found.payload) : '') })
  return packet as unknown as Received
}

/** One line for an error message. */
export function describe(packet: Received): string {
  const { cmd, messageId } = packet
  const id = messageId === undefined ? '' : ` #${messageId}`
  if (packet.cmd === 'publish') {
    const { topic, qos, retain, dup, payload } = packet
    const flags = `${retain ? ' retain' : ''}${dup ? ' dup' : ''}`
    return `publish${id} to "${topic}" qos ${qos}${flags} payload ${JSON.stringify(packet.text.slice(0, 40))} (${payload.length} bytes)`
  }
  const { reasonCode, returnCode, granted } = packet as { reasonCode?: number; returnCode?: number; granted?: number[] }
  const code = reasonCode ?? returnCode
  const codes = granted === undefined ? '' : ` [${granted.map(hex).join(' ')}]`
  return `${cmd}${id}${code === undefined ? '' : ` ${hex(code)}`}${codes}`
}

const toServerOnly: ReadonlySet<PacketCmd> = new Set(['connect', 'subscribe', 'unsubscribe', 'pingreq'])

/** `mqtt-packet` leaves null fields and the flags of a PUBLISH in every packet: only what the packet has is kept. */
function fields(packet: Packet): Record<string, unknown> {
  const { cmd } = packet
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(packet)) {
    if (value === null || value === undefined || name === 'length') continue
    if (
      cmd !== 'publish' &&
      (name === 'qos' || name === 'dup' || name === 'retain' || name === 'topic' || name === 'payload')
    )
      continue
    out[name] = value
  }
  return out
}

function strictUserProperties(raw: Buffer): Pair[] {
  try {
    return propertiesOf(raw).flatMap(({ id, value }) => (id === 38 ? [value as Pair] : []))
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${raw.toString('hex')}`, { cause: error })
  }
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`
}
