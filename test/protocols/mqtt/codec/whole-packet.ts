import { decodePacket } from '../../../../protocols/mqtt/codec/decode.ts'
import type { ClientPacket, ProtocolLevel } from '../../../../protocols/mqtt/codec/packets.ts'

/** Decodes one packet, fixed header included. */
export function decodeWhole(bytes: Buffer, level: ProtocolLevel | 0): ClientPacket {
  let headerBytes = 2
  while ((bytes[headerBytes - 1]! & 0x80) !== 0) headerBytes++
  return decodePacket(bytes[0]!, bytes, headerBytes, bytes.length, level)
}

/** The packet with its fixed header put in front. */
export function withHeader(header: number, body: Uint8Array): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.concat([Buffer.from([header, ...length]), body])
}
