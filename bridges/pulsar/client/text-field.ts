import { varintBytes, writeVarint } from './protobuf.ts'

/** Of a field of a message, as protobuf has it: its number and its wire type. */
export const tagOf = (field: number, wire: number): number => (field << 3) | wire

/** Up to here a loop over characters is quicker than a call into Node. */
const shortText = 40

/** What `writeTextField` writes. */
export function textFieldBytes(text: string): number {
  const bytes = utf8Bytes(text)
  return 1 + varintBytes(bytes) + bytes
}

/** [tag][length][text]; returns where it ends. */
export function writeTextField(out: Buffer, at: number, tag: number, text: string): number {
  const bytes = utf8Bytes(text)
  out[at] = tag
  const start = writeVarint(out, at + 1, bytes)
  if (bytes !== text.length || bytes > shortText) return start + out.write(text, start)
  for (let index = 0; index < bytes; index++) out[start + index] = text.charCodeAt(index)
  return start + bytes
}

function utf8Bytes(text: string): number {
  if (text.length > shortText) return Buffer.byteLength(text)
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text)
  return text.length
}
