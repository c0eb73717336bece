import { frame } from '../../support/bytes.ts'
import type { ConnectOptions, Received, Version } from '../../support/wire.ts'
import { wire } from '../../support/wire.ts'

/**
 * Bytes as a standard lays them out: hexadecimal, with 'text' standing for a string with its length, "text" for its
 * bytes alone: `bytes("'MQTT' 05 02 000a 00 'id'")`.
 */
export function bytes(notation: string): Buffer {
  const parts = notation.match(/'[^']*'|"[^"]*"|[0-9a-fA-F]{2}|\S/g) ?? []
  return Buffer.concat(
    parts.map(part => {
      if (part.startsWith('"')) return Buffer.from(part.slice(1, -1))
      if (!part.startsWith("'")) {
        if (part.length !== 2) throw new Error(`"${part}" in "${notation}" is no byte`)
        return Buffer.from(part, 'hex')
      }
      const text = Buffer.from(part.slice(1, -1))
      return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), text])
    }),
  )
}

/** A whole packet: its first byte, the length of what follows, and what follows. */
export function packet(header: number, notation: string): Buffer {
  return frame(header, bytes(notation))
}

export function hex(packets: readonly Received[]): string[] {
  return packets.map(({ raw }) => raw.toString('hex'))
}

interface HasPort {
  readonly port: number
}

/** All that the broker answers to these first bytes of a connection, in hexadecimal, until it closes it. */
export async function answersTo(broker: HasPort, raw: Uint8Array, version: Version = 5): Promise<string[]> {
  await using client = await wire(broker.port, { version })
  client.sendRaw(raw)
  const { packets, error } = await client.closed()
  if (error) throw error
  return hex(packets)
}

/** The same for a client that has connected. */
export async function lastWords(broker: HasPort, raw: Uint8Array, options: ConnectOptions = {}): Promise<string[]> {
  const { version = 5 } = options
  await using client = await wire(broker.port, { version })
  await client.connect({ ...options, version })
  client.sendRaw(raw)
  const { packets, error } = await client.closed()
  if (error) throw error
  return hex(packets)
}
