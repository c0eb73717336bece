import { frame, u16 } from '../support/bytes.ts'
import type { Version } from '../support/wire.ts'

/**
 * Reads what the broker says, no more than it must, and knows what a client would answer that is otherwise up to no good.
 */
export class Answers {
  readonly #level: Version
  readonly #heard: (what: string) => void
  #partial = Buffer.alloc(0)
  #last = ''

  /** `heard`: told of each packet in a word, and of which it followed. */
  constructor(level: Version, heard: (what: string) => void) {
    this.#level = level
    this.#heard = heard
  }

  to(bytes: Buffer): Buffer[] {
    this.#partial = Buffer.concat([this.#partial, bytes])
    const answers: Buffer[] = []
    for (;;) {
      const length = lengthOf(this.#partial)
      if (length === undefined || this.#partial.length < length) return answers
      const packet = this.#partial.subarray(0, length)
      const word = wordFor(packet)
      this.#heard(word)
      this.#heard(`${this.#last} ${word}`)
      this.#last = word
      const answer = this.#answer(packet)
      if (answer) answers.push(answer)
      this.#partial = this.#partial.subarray(length)
    }
  }

  #answer(packet: Buffer): Buffer | undefined {
    const type = (packet[0] as number) >> 4
    const header = headerOf(packet)
    if (type === 5) return frame(0x62, packet.subarray(header, header + 2))
    if (type === 6) return frame(0x70, packet.subarray(header, header + 2))
    const qos = ((packet[0] as number) >> 1) & 3
    if (type !== 3 || qos === 0) return undefined
    const at = header + 2 + packet.readUInt16BE(header)
    const id = packet.readUInt16BE(at)
    return frame(qos === 1 ? 0x40 : 0x50, u16(id), ...(this.#level === 5 && id % 16 === 0 ? [Buffer.from([0x80])] : []))
  }
}

/** Bytes before the body. */
function headerOf(packet: Buffer): number {
  let at = 1
  while (((packet[at] as number) & 0x80) !== 0) at++
  return at + 1
}

function lengthOf(bytes: Buffer): number | undefined {
  let length = 0
  for (let at = 1, factor = 1; at < bytes.length && at < 5; at++, factor *= 128) {
    const digit = bytes[at] as number
    length += (digit & 0x7f) * factor
    if (digit < 0x80) return at + 1 + length
  }
  return undefined
}

/** Its type and flags, and the code that it may carry. */
function wordFor(packet: Buffer): string {
  const first = packet[0] as number
  if (first >> 4 === 3) return `publish-${first & 15}`
  const rest = packet.subarray(headerOf(packet))
  return `${first.toString(16)}-${rest.length > 8 ? 'long' : rest.subarray(first >> 4 === 2 ? 0 : 2).toString('hex')}`
}
