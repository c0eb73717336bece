import type { Clock } from '../contract/clock.ts'
import { isBrokerError } from '../contract/errors.ts'
import type { Log } from '../contract/log.ts'
import type { Message } from '../contract/message.ts'
import type { Counter, Counters } from '../contract/observe.ts'
import { Batch, type Holder, type Move, type Release } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import type { Ledger } from './ledger.ts'
import { loadMessages } from './load-messages.ts'
import { Owed } from './owed.ts'
import { RecentMessages } from './recent-messages.ts'
import type { DelayedFrom, Once, StoredReference, StoredVia, Target } from './record.ts'
import { recordKind, writeDelayed, writeOnce, writeRelocated, writeStored, writeVia } from './record.ts'
import { type Holdings, isWasteful, leastBlocks, Relocation } from './relocation.ts'

export type { Holder } from './batch.ts'

/** Settlements alone do not hurry: what is lost of them in a crash is delivered once more. */
const lazyFlushMs = 20

/**
 * The shared durable log: a message is appended once with the list of queues that hold it, and those keep its offset.
 * Everything of a turn, and of the time one commit takes, goes into the next commit. One commit is under way at a time,
 * so offsets are known before they are durable.
 */
export class Spool {
  readonly #log: Log
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #writer = new ByteWriter()
  /** Where each record of the waiting batch begins in the writer. */
  #starts: number[] = []
  #batch: Batch | undefined
  #underWay: Batch | undefined
  readonly #owed = new Owed()
  #flushPlanned = false
  #lazyPlanned = false
  #closed = false
  #failed: Error | undefined
  #durableTo: number
  #trimmedTo: number
  readonly #recent: RecentMessages
  #holdings: Holdings | undefined
  #relocation: Relocation | undefined
  #relocateAt = 0
  readonly #commits: Counter
  readonly #records: Counter

  constructor(log: Log, ledger: Ledger, options: { clock: Clock; cacheBytes: number; counters: Counters }) {
    this.#log = log
    this.#ledger = ledger
    this.#clock = options.clock
    this.#recent = new RecentMessages(options.cacheBytes)
    this.#durableTo = log.next
    this.#trimmedTo = log.first
    this.#commits = options.counters.counter('spool_commits')
    this.#records = options.counters.counter('spool_records')
    options.counters.gauge('spool_references', () => ledger.references)
    options.counters.gauge('spool_offsets', () => log.next - log.first)
  }

  /**
   * Stores a message for its targets; returns its offset, which is durable when `commit` resolves. With `once`, the
   * identifier is held by the same commit.
   */
  append(message: Message, holders: readonly Holder[], targets: readonly Target[], once?: Once): number {
    const offset = this.#begin()
    writeStored(this.#writer, message.keep(), targets, once)
    return this.#stored(offset, message, holders, targets.length + (once ? 1 : 0))
  }

  /** Stores a message for later. Whoever holds it settles it as `dueWorkOwner`, by `finish`. */
  delay(message: Message, from: DelayedFrom, holder: Holder, once?: Once): number {
    const offset = this.#begin()
    writeDelayed(this.#writer, message.keep(), from, { once })
    return this.#stored(offset, message, [holder], once ? 2 : 1)
  }

  #stored(offset: number, message: Message, holders: readonly Holder[], references: number): number {
    this.#ledger.add(offset, references)
    this.#pending().stored.push({ offset, holders, references })
    this.#recent.add(offset, message, this.#durableTo)
    return offset
  }

  /** Holds an identifier without a message. Returns the offset to release. */
  hold(once: Once): number {
    const offset = this.#begin()
    this.#writer.uint8(recordKind.held)
    writeOnce(this.#writer, once)
    this.#ledger.add(offset, 1)
    this.#pending().stored.push({ offset, holders: noHolders, references: 1 })
    return offset
  }

  /**
   * Forgets an identifier. Like all that follows from what is stored (`settle`, `note`, `move`), it does nothing once the
   * disk has failed: the commit that it would be in says so.
   */
  release(once: Once, heldAt: number): void {
    if (this.#failed) return
    this.#writeRelease({ once, heldAt })
    this.#ledger.remove(heldAt)
  }

  /** A queue is done with a reference. Becomes durable soon, with whatever is written next. */
  settle(queueId: number, offset: number): void {
    if (this.#failed) return
    this.#owed.settled.queues.push(queueId)
    this.#owed.settled.offsets.push(offset)
    this.#ledger.remove(offset)
    this.#relocation?.changed(queueId, offset)
    this.#planLazy()
  }

  /**
   * Settles in the same commit as what was written before in this turn. When it is refused the reference is held as it
   * was, and whoever holds it begins again.
   */
  finish(queueId: number, offset: number): Promise<void> {
    if (this.#failed) return refusal(this.#failed)
    this.#begin()
    this.#writer.uint8(recordKind.settled)
    for (const part of [1, queueId, offset]) this.#writer.varint(part)
    this.#pending().finished.push(offset)
    this.#relocation?.changed(queueId, offset)
    return this.commit
  }

  /** What was written in this turn is stored only after something that is kept elsewhere is, and refused with it. */
  after(stored: Promise<unknown>): void {
    if (!this.#failed) this.#pending().after.push(stored)
  }

  /** Keeps a number with a reference. */
  note(queueId: number, offset: number, note: number): void {
    if (this.#failed) return
    this.#begin()
    this.#writer.uint8(recordKind.note)
    this.#writer.varint(queueId)
    this.#writer.varint(offset)
    this.#writer.varint(note)
    this.#relocation?.noted(queueId, offset, note)
  }

  /** The same reference, held by another queue from now on. */
  move(fromId: number, toId: number, offset: number, guarantee: 1 | 2, via: StoredVia): void {
    if (this.#failed) return
    this.#writeMove({ fromId, toId, offset, guarantee, via })
    this.#relocation?.changed(fromId, offset)
  }

  /** Resolves when everything written before this call is durable; one promise for all who ask in the same batch. */
  get commit(): Promise<void> {
    if (this.#failed) return refusal(this.#failed)
    return (this.#batch ?? this.#underWay)?.done.promise ?? Promise.resolve()
  }

  /** What stands there outlives a crash. */
  isDurable(offset: number): boolean {
    return offset < this.#durableTo
  }

  /** Resolves when every release before it is durable, those that found no room as well. */
  get released(): Promise<void> {
    if (this.#owed.released.length > 0) {
      this.#pending()
      this.#planFlush()
    }
    return this.commit
  }

  /** Held in memory: recent messages, and what is being stored. */
  get memoryBytes(): number {
    return this.#recent.bytes + this.#writer.length + (this.#underWay?.bytes ?? 0)
  }

  /** The disk has failed: nothing more is stored. */
  get failed(): boolean {
    return this.#failed !== undefined
  }

  /** The message at an offset, if it is in memory. */
  recent(offset: number): Message | undefined {
    return this.#recent.get(offset)
  }

  /** Messages by their ascending offsets. @throws BrokerError STORAGE_CORRUPT */
  load(offsets: readonly number[]): Promise<Map<number, Message>> {
    return loadMessages(offsets, this.#log, this.#ledger, this.#recent)
  }

  /** Whom to ask what is held, when old references keep a long log. */
  set holdings(holdings: Holdings) {
    this.#holdings = holdings
  }

  /** Writes a message again, under its old name, for those who still hold it; returns its new place. */
  writeAgain(name: number, message: Message, references: readonly StoredReference[]): number {
    const place = this.#begin()
    const delayed = references[0]?.delayed
    if (delayed) writeDelayed(this.#writer, message, delayed, { name })
    else writeRelocated(this.#writer, name, references, message)
    for (const { queueId, note } of references) if (note !== 0) this.note(queueId, name, note)
    return place
  }

  /** Makes all of it durable. */
  async close(): Promise<void> {
    this.#closed = true
    let refused = false
    while (!refused && !this.#failed && (this.#batch || this.#underWay || this.#owed.some)) {
      // What consumers settled last waits for no record of somebody else's any more.
      this.#flush()
      await this.commit.catch(() => {
        refused = true
      })
    }
  }

  /** The batch that is being filled. A new one begins with what is owed: an identifier may be held again, a moved reference noted. */
  #pending(): Batch {
    if (this.#batch) return this.#batch
    const batch = (this.#batch = new Batch())
    for (const release of this.#owed.released.splice(0)) this.#writeRelease(release)
    for (const move of this.#owed.moved.splice(0)) this.#writeMove(move)
    return batch
  }

  #begin(): number {
    if (this.#failed) throw this.#failed
    this.#pending()
    this.#starts.push(this.#writer.length)
    this.#planFlush()
    return this.#durableTo + (this.#underWay?.count ?? 0) + this.#starts.length - 1
  }

  #planFlush(): void {
    if (this.#flushPlanned || this.#underWay) return
    this.#flushPlanned = true
    setImmediate(() => {
      this.#flushPlanned = false
      this.#flush()
    })
  }

  #planLazy(): void {
    if (this.#lazyPlanned || this.#flushPlanned || this.#closed) return
    this.#lazyPlanned = true
    this.#clock.after(lazyFlushMs, () => {
      this.#lazyPlanned = false
      if (this.#owed.some) this.#planFlush()
    })
  }

  #flush(): void {
    if (this.#underWay || this.#failed) return
    if (this.#owed.some) this.#writeSettled()
    const batch = this.#batch
    if (!batch || batch.waits) return
    if (batch.after.length > 0) return this.#flushLater(batch)
    const records = this.#starts.map((start, i) =>
      this.#writer.slice(start, this.#starts[i + 1] ?? this.#writer.length),
    )
    batch.count = records.length
    batch.bytes = this.#writer.length
    this.#batch = undefined
    this.#underWay = batch
    this.#starts = []
    this.#commits.value++
    this.#records.value += records.length
    const appended = this.#log.append(records)
    this.#writer.clear()
    appended.then(
      () => this.#committed(batch),
      error => this.#refused(batch, error),
    )
  }

  #flushLater(batch: Batch): void {
    batch.waits = true
    Promise.all(batch.after.splice(0)).then(
      () => {
        batch.waits = false
        this.#flush()
      },
      error => this.#refused(batch, error),
    )
  }

  #writeSettled(): void {
    const batch = this.#pending()
    if (this.#owed.settled.queues.length === 0) return
    this.#begin()
    batch.settled = this.#owed.takeSettled()
    const { queues, offsets } = batch.settled
    this.#writer.uint8(recordKind.settled)
    this.#writer.varint(queues.length)
    for (let i = 0; i < queues.length; i++) {
      this.#writer.varint(queues[i] as number)
      this.#writer.varint(offsets[i] as number)
    }
  }

  #writeRelease(release: Release): void {
    this.#begin()
    this.#writer.uint8(recordKind.released)
    writeOnce(this.#writer, release.once)
    this.#pending().released.push(release)
  }

  #writeMove(move: Move): void {
    this.#begin()
    this.#writer.uint8(recordKind.moved)
    this.#writer.varint(move.fromId)
    this.#writer.varint(move.toId)
    this.#writer.varint(move.offset)
    writeVia(this.#writer, move.guarantee, move.via)
    this.#pending().moved.push(move)
  }

  #committed(batch: Batch): void {
    this.#durableTo += batch.count
    this.#underWay = undefined
    for (const offset of batch.finished) this.#ledger.remove(offset)
    batch.done.resolve()
    this.#recent.evict(this.#durableTo)
    this.#trim()
    this.#shorten()
    if (this.#batch || (this.#closed && this.#owed.some)) this.#planFlush()
  }

  /** All that waited stands behind the refused records, with offsets that now are wrong: it is refused with them. */
  #refused(batch: Batch, error: Error): void {
    const refused = [...new Set(this.#batch ? [batch, this.#batch] : [batch])]
    this.#underWay = undefined
    this.#batch = undefined
    this.#starts = []
    this.#writer.clear()
    if (!isBrokerError(error, 'STORAGE_FULL')) this.#failed = error
    this.#owed.takeBack(refused, this.#durableTo, this.#ledger)
    for (const { stored, done } of refused) {
      for (const { offset, holders, references } of stored) {
        this.#recent.delete(offset)
        this.#ledger.remove(offset, references)
        for (const holder of holders) holder.retract(offset)
      }
      done.reject(error)
    }
    if (!this.#failed && this.#owed.some) this.#planLazy()
  }

  /** One relocation at a time, and the next only when the log has grown by as much again. */
  #shorten(): void {
    const span = this.#durableTo - this.#trimmedTo
    if (!this.#holdings || this.#relocation || this.#closed || this.#durableTo < this.#relocateAt) return
    if (!isWasteful(span, this.#ledger)) return
    const { blockSize } = this.#ledger
    this.#relocateAt = this.#durableTo + leastBlocks * blockSize
    this.#relocation = new Relocation(this, this.#ledger, this.#holdings)
    const below = Math.floor((this.#trimmedTo + span / 2) / blockSize) * blockSize
    this.#relocation
      .run(below)
      // Refused for want of room, it is tried again later; nothing depends on it.
      .catch(() => {})
      .finally(() => {
        this.#relocation = undefined
      })
  }

  #trim(): void {
    const needed = this.#ledger.needed(this.#trimmedTo, this.#durableTo)
    if (needed === this.#trimmedTo) return
    this.#trimmedTo = needed
    this.#recent.deleteBefore(needed)
    // A failed unlink costs room, not data: the storage reports it, and the next trim asks again.
    this.#log.trim(needed).catch(() => {})
  }
}

const noHolders: readonly Holder[] = []

function refusal(error: Error): Promise<never> {
  const refused = Promise.reject(error)
  refused.catch(() => {})
  return refused
}
