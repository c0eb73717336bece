import type { Message } from '../contract/message.ts'
import { ByteReader, ByteWriter } from '../spool/bytes.ts'
import { readMessage, writeMessage } from '../spool/message-codec.ts'
import type { Reference } from './backlog.ts'

/** More are not packed: what there is to gain is the room of objects, and large payloads are most of their own. */
const mostBytes = 1_048_576

/** One for all: messages are packed in one go. */
const writer = new ByteWriter()

/**
 * Messages that nobody but one backlog holds, as bytes: half the memory of small ones, and nothing in them that the
 * garbage collector would have to move or trace.
 */
export class PackedMessages {
  readonly length: number
  readonly #bytes: Uint8Array

  /** Undefined where one of them is no message, is held elsewhere as well, or where all of them are too large. */
  static of(references: readonly Reference[]): PackedMessages | undefined {
    writer.clear()
    let before: Message | undefined
    for (const reference of references) {
      if (typeof reference === 'number' || reference.holders !== 1) return undefined
      if (writer.length + reference.payloadBytes > mostBytes) return undefined
      writeMessage(writer, reference, before)
      before = reference
    }
    return new PackedMessages(references.length, Uint8Array.prototype.slice.call(writer.slice(0, writer.length)))
  }

  private constructor(length: number, bytes: Uint8Array) {
    this.length = length
    this.#bytes = bytes
  }

  /** The messages, held once as they were. */
  unpack(): Message[] {
    const reader = new ByteReader(this.#bytes)
    const messages: Message[] = []
    for (let before: Message | undefined; messages.length < this.length; before = messages.at(-1)) {
      const message = readMessage(reader, before)
      message.holders = 1
      messages.push(message)
    }
    return messages
  }
}
