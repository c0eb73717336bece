import type { Clock } from '../contract/clock.ts'
import { BrokerError, isBrokerError } from '../contract/errors.ts'
import type { Log } from '../contract/log.ts'
import type { Message } from '../contract/message.ts'
import type { Counter, Counters } from '../contract/observe.ts'
import { Batch, type Holder, type Release } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import { blockSize, type Ledger } from './ledger.ts'
import { RecentMessages } from './recent-messages.ts'
import type { Once, StoredReference, StoredVia, Target } from './record.ts'
import { recordKind, writeOnce, writeRelocated, writeStored, writeVia } from './record.ts'
import { readStored } from './recovery.ts'
import { type Holdings, isWasteful, leastSpan, Relocation } from './relocation.ts'

export type { Holder } from './batch.ts'

/** Records that one read of the log may span to bring several messages. */
const readAtOnce = 256

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
  #settledQueues: number[] = []
  #settledOffsets: number[] = []
  /** Releases whose commit was refused. */
  readonly #unreleased: Release[] = []
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
    message.keep()
    if (once) this.#writeUnreleased()
    const offset = this.#begin()
    writeStored(this.#writer, message, targets, once)
    const references = targets.length + (once ? 1 : 0)
    this.#ledger.add(offset, references)
    this.#pending().stored.push({ offset, holders, references })
    this.#recent.add(offset, message, this.#durableTo)
    return offset
  }

  /** Holds an identifier without a message. Returns the offset to release. */
  hold(once: Once): number {
    this.#writeUnreleased()
    const offset = this.#begin()
    this.#writer.uint8(recordKind.held)
    writeOnce(this.#writer, once)
    this.#ledger.add(offset, 1)
    this.#pending().stored.push({ offset, holders: noHolders, references: 1 })
    return offset
  }

  /** Forgets an identifier. */
  release(once: Once, heldAt: number): void {
    this.#writeRelease(once, heldAt)
    this.#ledger.remove(heldAt)
  }

  /** A queue is done with a reference. Becomes durable soon, with whatever is written next. */
  settle(queueId: number, offset: number): void {
    this.#settledQueues.push(queueId)
    this.#settledOffsets.push(offset)
    this.#ledger.remove(offset)
    this.#relocation?.changed(queueId, offset)
    this.#planLazy()
  }

  /** Keeps a number with a reference. */
  note(queueId: number, offset: number, note: number): void {
    this.#begin()
    this.#writer.uint8(recordKind.note)
    this.#writer.varint(queueId)
    this.#writer.varint(offset)
    this.#writer.varint(note)
  }

  /** The same reference, held by another queue from now on. */
  move(fromId: number, toId: number, offset: number, guarantee: 1 | 2, via: StoredVia): void {
    this.#begin()
    this.#writer.uint8(recordKind.moved)
    this.#writer.varint(fromId)
    this.#writer.varint(toId)
    this.#writer.varint(offset)
    writeVia(this.#writer, guarantee, via)
    this.#relocation?.changed(fromId, offset)
  }

  /** Resolves when everything written before this call is durable; one promise for all who ask in the same batch. */
  get commit(): Promise<void> {
    if (this.#failed) return refusal(this.#failed)
    return (this.#batch ?? this.#underWay)?.done.promise ?? Promise.resolve()
  }

  /** The message at an offset, if it is in memory. */
  recent(offset: number): Message | undefined {
    return this.#recent.get(offset)
  }

  /** Messages by their ascending offsets, read in as few and as large steps as they allow. */
  async load(offsets: readonly number[]): Promise<Map<number, Message>> {
    const found = new Map<number, Message>()
    for (let i = 0; i < offsets.length; ) {
      const offset = offsets[i] as number
      const cached = this.#recent.get(offset)
      if (cached) {
        found.set(offset, cached)
        i++
        continue
      }
      // Neighbours in the log come with the same read.
      const place = this.#ledger.place(offset)
      let last = i
      while (last + 1 < offsets.length && this.#isNear(offsets[last + 1] as number, place)) last++
      const limit = { records: this.#ledger.place(offsets[last] as number) - place + 1, bytes: 1_048_576 }
      const { offset: from, records } = await this.#log.read(place, limit)
      const end = from + records.length
      const missing = records.length === 0 || from > place
      if (missing) throw new BrokerError('STORAGE_CORRUPT', `spool offset ${offset} is referred to but not in the log`)
      for (; i < offsets.length; i++) {
        const wanted = offsets[i] as number
        const at = this.#ledger.place(wanted)
        if (at < from || at >= end) break
        const message = readStored(records[at - from] as Uint8Array)
        if (message) found.set(wanted, message)
      }
    }
    return found
  }

  #isNear(offset: number, place: number): boolean {
    const ahead = this.#ledger.place(offset) - place
    return ahead > 0 && ahead < readAtOnce
  }

  /** Whom to ask what is held, when old references keep a long log. */
  set holdings(holdings: Holdings) {
    this.#holdings = holdings
  }

  /** Writes a message again, under its old name, for those who still hold it; returns its new place. */
  writeAgain(name: number, message: Message, references: readonly StoredReference[]): number {
    const place = this.#begin()
    writeRelocated(this.#writer, name, references, message)
    for (const { queueId, note } of references) if (note !== 0) this.note(queueId, name, note)
    return place
  }

  /** Makes all of it durable. */
  async close(): Promise<void> {
    this.#closed = true
    let refused = false
    while (!refused && !this.#failed && (this.#batch || this.#underWay || this.#settledQueues.length > 0)) {
      // What consumers settled last waits for no record of somebody else's any more.
      this.#flush()
      await this.commit.catch(() => {
        refused = true
      })
    }
  }

  #pending(): Batch {
    return (this.#batch ??= new Batch())
  }

  #begin(): number {
    if (this.#failed) throw this.#failed
    this.#pending()
    this.#starts.push(this.#writer.length)
    this.#planFlush()
    return this.#durableTo + (this.#underWay?.count ?? 0) + this.#starts.length - 1
  }

  /** Something is to be written that nobody waits for. */
  get #owes(): boolean {
    return this.#settledQueues.length > 0 || this.#unreleased.length > 0
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
      if (this.#owes) this.#planFlush()
    })
  }

  #flush(): void {
    if (this.#underWay || this.#failed) return
    if (this.#settledQueues.length > 0) this.#writeSettled()
    this.#writeUnreleased()
    const batch = this.#batch
    if (!batch) return
    const records = this.#starts.map((start, i) =>
      this.#writer.slice(start, this.#starts[i + 1] ?? this.#writer.length),
    )
    batch.count = records.length
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

  #writeSettled(): void {
    const queues = this.#settledQueues
    const offsets = this.#settledOffsets
    this.#settledQueues = []
    this.#settledOffsets = []
    this.#begin()
    this.#pending().settled = { queues, offsets }
    this.#writer.uint8(recordKind.settled)
    this.#writer.varint(queues.length)
    for (let i = 0; i < queues.length; i++) {
      this.#writer.varint(queues[i] as number)
      this.#writer.varint(offsets[i] as number)
    }
  }

  /** Before any identifier is held again: it may be the same one. */
  #writeUnreleased(): void {
    if (this.#unreleased.length === 0) return
    for (const { once, heldAt } of this.#unreleased.splice(0)) this.#writeRelease(once, heldAt)
  }

  #writeRelease(once: Once, heldAt: number): void {
    this.#begin()
    this.#writer.uint8(recordKind.released)
    writeOnce(this.#writer, once)
    this.#pending().released.push({ once, heldAt })
  }

  #committed(batch: Batch): void {
    this.#durableTo += batch.count
    this.#underWay = undefined
    batch.done.resolve()
    this.#recent.evict(this.#durableTo)
    this.#trim()
    this.#shorten()
    if (this.#batch || (this.#closed && this.#owes)) this.#planFlush()
  }

  /** All that waited stands behind the refused records, with offsets that now are wrong: it is refused with them. */
  #refused(batch: Batch, error: Error): void {
    const waiting = this.#batch
    this.#underWay = undefined
    this.#batch = undefined
    this.#starts = []
    this.#writer.clear()
    if (!isBrokerError(error, 'STORAGE_FULL')) this.#failed = error
    const refused = waiting ? [batch, waiting] : [batch]
    this.#takeBack(refused)
    for (const { stored, done } of refused) {
      for (const { offset, holders, references } of stored) {
        this.#recent.delete(offset)
        this.#ledger.remove(offset, references)
        for (const holder of holders) holder.retract(offset)
      }
      done.reject(error)
    }
    if (!this.#failed && this.#owes) this.#planLazy()
  }

  /**
   * Settlements and releases that were not written: those of durable records are written with the next commit; those
   * of refused records count again and are forgotten, for their offsets will name other messages.
   */
  #takeBack(refused: readonly Batch[]): void {
    const lists = [
      ...refused.map(({ settled }) => settled),
      { queues: this.#settledQueues, offsets: this.#settledOffsets },
    ]
    this.#settledQueues = []
    this.#settledOffsets = []
    for (const { released } of refused) {
      for (const release of released) {
        if (release.heldAt >= this.#durableTo) this.#ledger.add(release.heldAt, 1)
        else this.#unreleased.push(release)
      }
    }
    for (const settled of lists) {
      for (const [i, offset] of settled?.offsets.entries() ?? []) {
        if (offset >= this.#durableTo) this.#ledger.add(offset, 1)
        else {
          this.#settledQueues.push(settled?.queues[i] as number)
          this.#settledOffsets.push(offset)
        }
      }
    }
  }

  /** One relocation at a time, and the next only when the log has grown by as much again. */
  #shorten(): void {
    const span = this.#durableTo - this.#trimmedTo
    if (!this.#holdings || this.#relocation || this.#closed || this.#durableTo < this.#relocateAt) return
    if (!isWasteful(span, this.#ledger.references)) return
    this.#relocateAt = this.#durableTo + leastSpan
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
