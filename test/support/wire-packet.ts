import type { IPublishPacket, Packet, PacketCmd } from 'mqtt-packet'
import { parser } from 'mqtt-packet'
import { type Pair, propertiesOf } from './wire-properties.ts'

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
