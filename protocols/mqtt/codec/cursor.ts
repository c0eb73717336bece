import { malformed, malformedPacket } from './packet-error.ts'
import { decodeText } from './text.ts'

/** Reads the data types of MQTT from a stretch of a buffer. Every read past its end throws PacketError 0x81. */
export class Cursor {
  buffer: Buffer
  position: number
  end: number

  constructor(buffer: Buffer, start: number, end: number) {
    this.buffer = buffer
    this.position = start
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  uint8(): number {
    return this.buffer[this.#take(1)] as number
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.#take(2))
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.#take(4))
  }

  /** At most four bytes, and no more of them than the value needs. [MQTT-1.5.5-1] */
  variableByteInteger(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.uint8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed('a variable byte integer is longer than needed')
        return value
      }
    }
    throw malformed('a variable byte integer has more than four bytes')
  }

  /** `reasonCode`: the one to throw for characters that may not be. */
  text(reasonCode = malformedPacket): string {
    const start = this.#take(this.uint16())
    return decodeText(this.buffer, start, this.position, reasonCode)
  }

  /** An own, exact copy: what is read here outlives the read buffer. */
  binary(): Buffer {
    const bytes = this.uint16()
    const start = this.#take(bytes)
    const copy = Buffer.allocUnsafeSlow(bytes)
    this.buffer.copy(copy, 0, start, this.position)
    return copy
  }

  /** A packet must be used up. */
  finish(): void {
    if (this.position !== this.end) throw malformed(`${this.remaining} bytes follow the end of the packet`)
  }

  #take(bytes: number): number {
    const start = this.position
    if (bytes > this.end - start) throw malformed(`the packet ends ${bytes - (this.end - start)} bytes too early`)
    this.position = start + bytes
    return start
  }
}
