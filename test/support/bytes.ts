/**
 * Bytes for packets that no library would write. A malformed CONNECT reads as its layout in the standard:
 * `frame(0x10, text('MQTT'), byte(5), byte(0x02), u16(0), varint(0), text('id'))`.
 */

/** A control packet: the first byte, the remaining length of what follows, and what follows. */
export function frame(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([byte(first), varint(body.length), body])
}

export function byte(...values: readonly number[]): Buffer {
  return Buffer.from(values)
}

export function u16(value: number): Buffer {
  const out = Buffer.alloc(2)
  out.writeUInt16BE(value)
  return out
}

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

/** A variable byte integer; `minimumBytes` pads it to a longer, non-minimal (so forbidden) form. */
export function varint(value: number, minimumBytes = 1): Buffer {
  const out: number[] = []
  let rest = value
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    out.push(rest > 0 || out.length + 1 < minimumBytes ? digit | 0x80 : digit)
  } while (rest > 0 || out.length < minimumBytes)
  return Buffer.from(out)
}

/** A length-prefixed string; bytes instead of a string may be anything, invalid UTF-8 included. */
export function text(value: string | Uint8Array): Buffer {
  const body = Buffer.from(value)
  return Buffer.concat([u16(body.length), body])
}

/** Binary data has the layout of a string. */
export const binary = text

/** A property section: its length, then the properties, each an identifier followed by its value. */
export function properties(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.length), body])
}

/** One user property, its identifier included. */
export function userProperty(name: string, value: string): Buffer {
  return Buffer.concat([byte(0x26), text(name), text(value)])
}
