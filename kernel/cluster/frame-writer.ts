import { ByteWriter } from '../spool/bytes.ts'
import { firstName, longestName, mostNames, nameForm } from './names.ts'

/** A frame: the bytes that follow, as 32 bits, little endian; its kind; its body. */
export const lengthBytes = 4

/** One batch of frames: what a turn has to say to one peer. */
export class FrameWriter extends ByteWriter {
  /** Begun so far: whoever adds to the frame it began sees by it whether that is still open. */
  frames = 0
  #openAt = -1
  #names = new Map<string, number>()

  begin(kind: number): void {
    this.end()
    this.frames++
    this.#openAt = this.length
    this.room(lengthBytes + 1)
    this.length += lengthBytes
    this.buffer[this.length++] = kind
  }

  /** Ends the frame that is open, if one is. */
  end(): void {
    if (this.#openAt === -1) return
    this.buffer.writeUInt32LE(this.length - this.#openAt - lengthBytes, this.#openAt)
    this.#openAt = -1
  }

  /** A text that comes again and again, a topic or a client's id: sent once, then as a number. */
  name(text: string): void {
    const known = this.#names.get(text)
    if (known !== undefined) return this.varint(known)
    this.varint(text.length > longestName ? nameForm.once : nameForm.remembered)
    this.string(text)
    if (text.length > longestName) return
    // The reader begins anew at the same place.
    if (this.#names.size === mostNames) this.#names = new Map()
    this.#names.set(text, this.#names.size + firstName)
  }

  /** All frames so far; the next ones go into `next`, if it is given, which nobody else may hold. */
  detach(next: Buffer | undefined): { readonly buffer: Buffer; readonly length: number } {
    this.end()
    this.frames++
    const { buffer, length } = this
    this.length = 0
    this.buffer = next ?? Buffer.allocUnsafeSlow(65_536)
    return { buffer, length }
  }
}
