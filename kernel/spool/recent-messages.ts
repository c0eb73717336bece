import type { Message } from '../contract/message.ts'

/** What an entry costs beyond its payload, by rule of thumb. */
const messageOverhead = 256

/** Recently stored messages by offset, oldest first, so that a queue rarely reads the disk. */
export class RecentMessages {
  readonly #limitBytes: number
  readonly #messages = new Map<number, Message>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get(offset: number): Message | undefined {
    return this.#messages.get(offset)
  }

  /** What is at or beyond `durableTo` stays, however much it is: it cannot be read back yet. */
  add(offset: number, message: Message, durableTo: number): void {
    this.#messages.set(offset, message)
    this.#bytes += message.payload.length + messageOverhead
    this.evict(durableTo)
  }

  delete(offset: number): void {
    const message = this.#messages.get(offset)
    if (!message) return
    this.#messages.delete(offset)
    this.#bytes -= message.payload.length + messageOverhead
  }

  /** Nobody refers to what is before the offset. */
  deleteBefore(offset: number): void {
    for (const held of this.#messages.keys()) {
      if (held >= offset) return
      this.delete(held)
    }
  }

  evict(durableTo: number): void {
    if (this.#bytes <= this.#limitBytes) return
    for (const offset of this.#messages.keys()) {
      if (this.#bytes <= this.#limitBytes || offset >= durableTo) return
      this.delete(offset)
    }
  }
}
