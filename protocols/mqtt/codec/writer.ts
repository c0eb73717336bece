/** Bytes that `value` takes as a variable byte integer. */
export function variableSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4
}

/** Each writer returns the position after what it wrote. */
export function writeVariable(buffer: Buffer, position: number, value: number): number {
  let at = position
  let rest = value
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}

export function writeUint16(buffer: Buffer, position: number, value: number): number {
  buffer[position] = value >>> 8
  buffer[position + 1] = value & 0xff
  return position + 2
}

export function textSize(text: string): number {
  return 2 + Buffer.byteLength(text)
}

export function writeText(buffer: Buffer, position: number, text: string): number {
  const bytes = buffer.utf8Write(text, position + 2, buffer.length - position - 2)
  writeUint16(buffer, position, bytes)
  return position + 2 + bytes
}

export function writeBinary(buffer: Buffer, position: number, bytes: Uint8Array): number {
  writeUint16(buffer, position, bytes.length)
  buffer.set(bytes, position + 2)
  return position + 2 + bytes.length
}

declare global {
  interface Buffer {
    /** Node's own encoder behind `write`, without the search for an encoding's name. */
    utf8Write(text: string, position: number, bytes: number): number
  }
}
