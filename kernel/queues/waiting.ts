import type { Principal } from '../contract/access.ts'
import type { Message } from '../contract/message.ts'
import { costOf } from '../memory/share.ts'
import { Allowance } from './allowance.ts'
import { Backlog, type Reference } from './backlog.ts'
import type { MatchedVia } from './bound-filter.ts'
import type { DropReason, QueueHost } from './queue-host.ts'

/** An entry of a backlog: a pointer, a way and a size; and an offset, which takes as much at the front, but less behind. */
const referenceBytes = 24
const offsetBytes = 8

/** How many stored messages are read ahead of a consumer. */
const readAhead = 256

/** Whose backlog it is. */
export interface WaitingOwner {
  /** Somebody is there to take what waits. */
  readonly consumed: boolean
  /** Whose messages these are; undefined: nobody's alone. */
  readonly principal: Principal | undefined
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
  readonly #allowance: Allowance
  #loaded: Map<number, Message> | undefined
  #loading = false
  /** What is being read may hold a message that was refused since. */
  #outdated = false
  /** The first of those whose reading failed last. */
  #failedAt = -1

  constructor(host: QueueHost, owner: WaitingOwner) {
    this.#host = host
    this.#owner = owner
    this.#allowance = new Allowance(host.memory, host.clock)
  }

  get length(): number {
    return this.#backlog.length
  }

  get bytes(): number {
    return this.#backlog.bytes
  }

  /** Adds to the end, or drops by the overflow policy. A message that is not stored must be kept by the caller. */
  push(reference: Reference, via: MatchedVia, bytes: number): void {
    const cost = memoryOf(reference)
    let full = this.#full(cost, bytes)
    if (full) {
      if (this.#host.overflow !== 'drop-oldest') return this.#drop(reference, full)
      for (; full && this.#backlog.length > 0; full = this.#full(cost, bytes)) {
        const oldest = this.#backlog.reference
        this.#leave()
        this.#drop(oldest, full)
      }
    }
    // Not even one more: other queues hold all that queues may.
    if (full && typeof reference !== 'number' && cost > this.#host.memory.parts.queues.freeBytes)
      return this.#drop(reference, 'memory-full')
    this.#hold(reference)
    this.#allowance.took(cost)
    this.#backlog.push(reference, via, bytes, this.#owner.consumed)
    if (this.#host.memory.limited) this.#allowance.press(this.#owner.consumed)
  }

  /** The via of the first. */
  get via(): MatchedVia {
    return this.#backlog.via
  }

  /** The place in the spool of the first; -1 when it has none. */
  get offset(): number {
    const { reference } = this.#backlog
    return typeof reference === 'number' ? reference : -1
  }

  /** The first message, or its place in the spool if it is nowhere else. */
  get oldest(): Reference {
    const { reference } = this.#backlog
    if (typeof reference !== 'number') return reference
    return this.#loaded?.get(reference) ?? this.#host.spool?.recent(reference) ?? reference
  }

  /** The first message; undefined while it is being read from the spool, after which the owner is pumped. */
  first(): Message | undefined {
    const { oldest } = this
    if (typeof oldest !== 'number') return oldest
    if (!this.#loading) void this.#load()
    return undefined
  }

  /** Takes the first out; returns its place in the spool, -1 when it has none. */
  shift(): number {
    const { reference } = this.#backlog
    this.#allowance.moved(memoryOf(reference))
    this.#leave()
    if (typeof reference !== 'number') return -1
    this.#loaded?.delete(reference)
    return reference
  }

  /** It was refused: another message will have this offset, and must not be taken for it. */
  retract(offset: number): void {
    this.#loaded?.delete(offset)
    this.#outdated = this.#loading
    if (this.#backlog.remove(offset)) this.#release(offset)
  }

  /** Stored references below an offset, which all stand at the front. */
  *stored(below: number): Generator<{ offset: number; via: MatchedVia }> {
    for (const entry of this.#backlog.offsets()) {
      if (entry.offset >= below) return
      yield entry
    }
  }

  /** Passes everything on, oldest first. */
  moveTo(take: (entry: { reference: Reference; via: MatchedVia; bytes: number }) => void): void {
    while (this.#backlog.length > 0) {
      const { reference, via, size } = this.#backlog
      this.#leave()
      take({ reference, via, bytes: size })
    }
  }

  /** Gives up everything. */
  clear(): void {
    this.#host.dropAll('session-ended', this.#backlog.length, this.#owner.principal)
    while (this.#backlog.length > 0) {
      const offset = this.shift()
      if (offset !== -1) this.#owner.settled(offset)
    }
  }

  /** Has no room for so many bytes of a message. */
  full(bytes: number): boolean {
    return this.#full(referenceBytes, bytes) !== undefined
  }

  #full(cost: number, bytes: number): DropReason | undefined {
    const { queueMessages, queueBytes } = this.#host.limits
    const backlog = this.#backlog
    if (queueMessages > 0 && backlog.length >= queueMessages) return 'queue-full'
    if (queueBytes > 0 && backlog.bytes + bytes > queueBytes) return 'queue-full'
    return this.#allowance.allows(cost, this.#owner.consumed) ? undefined : 'memory-full'
  }

  #leave(): void {
    this.#release(this.#backlog.reference)
    this.#backlog.shift()
  }

  #hold(reference: Reference): void {
    const { queues } = this.#host.memory.parts
    queues.take(entryOf(reference))
    if (typeof reference !== 'number') queues.hold(reference)
  }

  #release(reference: Reference): void {
    const { queues } = this.#host.memory.parts
    queues.give(entryOf(reference))
    if (typeof reference !== 'number') queues.release(reference)
    this.#allowance.gave(memoryOf(reference))
  }

  #drop(reference: Reference, reason: DropReason): void {
    const message = typeof reference === 'number' ? undefined : reference
    this.#host.drop(reason, message, this.#owner.principal)
    if (typeof reference === 'number') this.#owner.settled(reference)
  }

  async #load(): Promise<void> {
    const { spool } = this.#host
    if (!spool) return
    this.#loading = true
    const offsets: number[] = []
    for (const { offset } of this.#backlog.offsets()) {
      offsets.push(offset)
      if (offsets.length === readAhead) break
    }
    try {
      const loaded = await spool.load(offsets)
      if (!this.#outdated) this.#loaded = loaded
    } catch (error) {
      // Given up, or written elsewhere, while it was being read: that is no loss. The same one twice is.
      const [first = -1] = offsets
      if (this.#failedAt === first) return this.#host.failed(error)
      this.#failedAt = first
    } finally {
      this.#loading = false
      this.#outdated = false
    }
    this.#owner.pump()
  }
}

/** What an entry takes for its queue alone: a message that others hold as well is counted for each, though held once. */
function memoryOf(reference: Reference): number {
  return typeof reference === 'number' ? offsetBytes : referenceBytes + costOf(reference)
}

function entryOf(reference: Reference): number {
  return typeof reference === 'number' ? offsetBytes : referenceBytes
}
