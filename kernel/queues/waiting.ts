import type { Message } from '../contract/message.ts'
import { Backlog, type Reference } from './backlog.ts'
import type { MatchedVia } from './bound-filter.ts'
import type { QueueHost } from './queue-host.ts'

/** How many stored messages are read ahead of a consumer. */
const readAhead = 256

/** Whose backlog it is. */
export interface WaitingOwner {
  /** A stored reference was given up. */
  settled(offset: number): void
  /** Stored messages were read and can be handed out. */
  pump(): void
}

/** A backlog within its limits, and the stored messages at its head read back before they are needed. */
export class Waiting {
  readonly #host: QueueHost
  readonly #owner: WaitingOwner
  readonly #backlog = new Backlog()
  #loaded: Map<number, Message> | undefined
  #loading = false
  /** The first of those whose reading failed last. */
  #failedAt = -1

  constructor(host: QueueHost, owner: WaitingOwner) {
    this.#host = host
    this.#owner = owner
  }

  get length(): number {
    return this.#backlog.length
  }

  get bytes(): number {
    return this.#backlog.bytes
  }

  /** Adds to the end, or drops by the overflow policy. A message that is not stored must be kept by the caller. */
  push(reference: Reference, via: MatchedVia, bytes: number): void {
    if (this.#isFull(bytes)) {
      if (this.#host.overflow === 'drop-newest') return this.#drop(reference, 'queue-full')
      while (this.#backlog.length > 0 && this.#isFull(bytes)) {
        const oldest = this.#backlog.reference(0)
        this.#leave()
        this.#drop(oldest, 'queue-full')
      }
    }
    if (typeof reference !== 'number') {
      const { queuedBytes } = this.#host.limits
      if (queuedBytes > 0 && this.#host.waitingBytes + bytes > queuedBytes) return this.#drop(reference, 'memory-full')
      this.#host.waitingBytes += bytes
    }
    this.#backlog.push(reference, via, bytes)
  }

  /** The via of the first. */
  get via(): MatchedVia {
    return this.#backlog.via(0)
  }

  /** The place in the spool of the first; -1 when it has none. */
  get offset(): number {
    const reference = this.#backlog.reference(0)
    return typeof reference === 'number' ? reference : -1
  }

  /** The first message; undefined while it is being read from the spool, after which the owner is pumped. */
  first(): Message | undefined {
    const reference = this.#backlog.reference(0)
    if (typeof reference !== 'number') return reference
    const message = this.#loaded?.get(reference) ?? this.#host.spool?.recent(reference)
    if (!message && !this.#loading) void this.#load()
    return message
  }

  /** Takes the first out; returns its place in the spool, -1 when it has none. */
  shift(): number {
    const reference = this.#backlog.reference(0)
    this.#leave()
    if (typeof reference !== 'number') return -1
    this.#loaded?.delete(reference)
    return reference
  }

  retract(offset: number): void {
    this.#backlog.remove(offset)
  }

  /** Stored references below an offset, which all stand at the front. */
  *stored(below: number): Generator<{ offset: number; via: MatchedVia }> {
    for (let i = 0; i < this.#backlog.length; i++) {
      const reference = this.#backlog.reference(i)
      if (typeof reference !== 'number') continue
      if (reference >= below) return
      yield { offset: reference, via: this.#backlog.via(i) }
    }
  }

  /** Passes everything on, oldest first. */
  moveTo(take: (entry: { reference: Reference; via: MatchedVia; bytes: number }) => void): void {
    while (this.#backlog.length > 0) {
      const entry = { reference: this.#backlog.reference(0), via: this.#backlog.via(0), bytes: this.#backlog.size(0) }
      this.#leave()
      take(entry)
    }
  }

  /** Gives up everything. */
  clear(): void {
    this.#host.drop('session-ended', this.#backlog.length)
    while (this.#backlog.length > 0) {
      const offset = this.shift()
      if (offset !== -1) this.#owner.settled(offset)
    }
  }

  #isFull(bytes: number): boolean {
    const { queueMessages, queueBytes } = this.#host.limits
    const backlog = this.#backlog
    return (
      (queueMessages > 0 && backlog.length >= queueMessages) || (queueBytes > 0 && backlog.bytes + bytes > queueBytes)
    )
  }

  #leave(): void {
    if (typeof this.#backlog.reference(0) !== 'number') this.#host.waitingBytes -= this.#backlog.size(0)
    this.#backlog.shift()
  }

  #drop(reference: Reference, reason: 'queue-full' | 'memory-full'): void {
    this.#host.drop(reason)
    if (typeof reference === 'number') this.#owner.settled(reference)
  }

  async #load(): Promise<void> {
    const { spool } = this.#host
    if (!spool) return
    this.#loading = true
    const offsets: number[] = []
    for (let i = 0; i < this.#backlog.length && offsets.length < readAhead; i++) {
      const reference = this.#backlog.reference(i)
      if (typeof reference === 'number') offsets.push(reference)
    }
    try {
      this.#loaded = await spool.load(offsets)
    } catch (error) {
      // Given up, or written elsewhere, while it was being read: that is no loss. The same one twice is.
      const [first = -1] = offsets
      if (this.#failedAt === first) return this.#host.failed(error)
      this.#failedAt = first
    } finally {
      this.#loading = false
    }
    this.#owner.pump()
  }
}
