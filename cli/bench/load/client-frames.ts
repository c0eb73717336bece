import type { LinkOwner } from './link.ts'

/** The client's side of WebSocket framing, with the mask 0, which changes nothing and costs nothing. */
export class ClientFrames {
  readonly #owner: Pick<LinkOwner, 'opened' | 'arrived'>
  #upgraded = false
  /** The beginning of something incomplete: the upgrade's answer, or a frame's header. */
  #rest: Buffer = Buffer.alloc(0)
  /** Payload bytes of the current frame still to come. */
  #payloadBytes = 0

  constructor(owner: Pick<LinkOwner, 'opened' | 'arrived'>) {
    this.#owner = owner
  }

  /** Writes the header of one binary frame that ends where `from` is; returns where it begins. */
  begin(into: Buffer, from: number, to: number): number {
    const bytes = to - from
    const mask = from - 4
    into.fill(0, mask, from)
    if (bytes < 126) {
      into[mask - 2] = 0x82
      into[mask - 1] = 0x80 | bytes
      return mask - 2
    }
    if (bytes < 65_536) {
      into[mask - 4] = 0x82
      into[mask - 3] = 0xfe
      into.writeUInt16BE(bytes, mask - 2)
      return mask - 4
    }
    into[mask - 10] = 0x82
    into[mask - 9] = 0xff
    into.writeUInt32BE(0, mask - 8)
    into.writeUInt32BE(bytes, mask - 4)
    return mask - 10
  }

  arrived(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = empty
    if (!this.#upgraded) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#rest = Buffer.from(bytes)
        return
      }
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error('the WebSocket upgrade was refused')
      this.#upgraded = true
      this.#owner.opened()
      bytes = bytes.subarray(end + 4)
    }
    this.#read(bytes)
  }

  #read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#payloadBytes === 0) {
        const header = headerBytes(bytes, at)
        if (at + header > bytes.length) break
        this.#payloadBytes = payloadBytes(bytes, at)
        at += header
      }
      const end = Math.min(at + this.#payloadBytes, bytes.length)
      this.#payloadBytes -= end - at
      if (end > at) this.#owner.arrived(bytes.subarray(at, end))
      at = end
    }
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : empty
  }
}

const empty = Buffer.alloc(0)

function headerBytes(bytes: Buffer, at: number): number {
  if (at + 2 > bytes.length) return 2
  const length = (bytes[at + 1] ?? 0) & 127
  return length === 127 ? 10 : length === 126 ? 4 : 2
}

function payloadBytes(bytes: Buffer, at: number): number {
  const length = (bytes[at + 1] ?? 0) & 127
  return length === 127 ? bytes.readUInt32BE(at + 6) : length === 126 ? bytes.readUInt16BE(at + 2) : length
}
