import { ByteReader } from '../spool/bytes.ts'
import { firstName, mostNames, nameForm } from './names.ts'

const nothing = Buffer.alloc(0)

/** Reads what a FrameWriter wrote, frame after frame. */
export class FrameReader extends ByteReader {
  #names: string[] = []
  #end = 0

  constructor() {
    super(nothing)
  }

  /** The next frame's body. */
  open(buffer: Buffer, at: number, end: number): void {
    this.buffer = buffer
    this.at = at
    this.#end = end
  }

  /** Something is left of the frame. */
  get more(): boolean {
    return this.at < this.#end
  }

  /** See `FrameWriter.name`. */
  name(): string {
    const form = this.varint()
    if (form >= firstName) return this.#names[form - firstName] as string
    const text = this.string()
    if (form === nameForm.once) return text
    if (this.#names.length === mostNames) this.#names = []
    this.#names.push(text)
    return text
  }

  /** What is left of the frame, as a copy. */
  rest(): Buffer {
    return Buffer.from(this.buffer.subarray(this.at, this.#end))
  }
}
