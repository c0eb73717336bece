import { isUtf8 } from 'node:buffer'
import { malformedPacket, PacketError } from './packet-error.ts'

// Controls and non-characters: a receiver may refuse them, and what is refused reaches no log and no other client.
const disallowed = /[\p{Cc}\p{Noncharacter_Code_Point}]/u

/**
 * The text in `buffer` from `start` to `end`. Bytes EF BB BF stay U+FEFF. [MQTT-1.5.4-3]
 * @throws PacketError, by default 0x81, for ill-formed UTF-8 (surrogates included), U+0000, control characters and non-characters.
 */
export function decodeText(buffer: Buffer, start: number, end: number, reasonCode = malformedPacket): string {
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number
    if (byte < 0x20 || byte > 0x7e) return decodeAnyText(buffer, start, end, reasonCode)
  }
  return buffer.latin1Slice(start, end)
}

function decodeAnyText(buffer: Buffer, start: number, end: number, reasonCode: number): string {
  if (!isUtf8(buffer.subarray(start, end))) {
    throw new PacketError(reasonCode, 'a string is not well-formed UTF-8')
  }
  const text = buffer.toString('utf8', start, end)
  if (disallowed.test(text)) {
    throw new PacketError(reasonCode, 'a string holds a control character or a non-character')
  }
  return text
}
