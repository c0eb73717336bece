import { permits } from '../access/index.ts'
import type { Principal } from '../contract/access.ts'
import type { Guarantee, Message } from '../contract/message.ts'
import type { Consumer, Receiver } from '../contract/queue.ts'
import type { StoredReference } from '../spool/record.ts'
import type { Holder } from '../spool/spool.ts'
import type { Reference } from './backlog.ts'
import type { BoundFilter, MatchedVia } from './bound-filter.ts'
import { QueueConsumer } from './consumer.ts'
import { sizeOf, Unsettled } from './delivery.ts'
import type { Group } from './group.ts'
import { parted } from './parted.ts'
import type { Overflow, QueueHost } from './queue-host.ts'
import { breath, type ReplaySource, Replays } from './replays.ts'
import type { Route } from './route.ts'
import { UnsettledList } from './unsettled-list.ts'
import { Waiting } from './waiting.ts'

/** Shared by all queues, and never added to. */
const none: never[] = []

/**
 * One session's queue of references. What waits leaves in this order: what was unsettled when the last consumer left,
 * retained values asked for, the backlog; only when none of them waits does a publish pass straight through.
 */
export class Queue implements Holder {
  /** Its name in the spool; 0: nothing of it is stored. */
  readonly id: number
  /** It outlives its connection. */
  persistent: boolean
  readonly #host: QueueHost
  /** The session it belongs to, for bindings that exclude their own publishes. */
  readonly #owner: string
  /** Judges each topic before it is handed out; undefined only until somebody consumes. */
  principal: Principal | undefined
  #consumer: QueueConsumer | undefined
  /** What the last consumer left unsettled. Empty lists are not kept: most sessions never have one. */
  #returned: UnsettledList | undefined
  /** Only while retained values are on their way. */
  #replays: Replays | undefined
  /** Only while something waits. */
  #waiting: Waiting | undefined
  #pumping = false
  /** Notes of what was handed out before a restart, by offset, until it is handed out again. */
  #notes: Map<number, number> | undefined
  /** Groups it is a member of: they may have work when it has credit again. */
  #groups: Set<Group> | undefined
  /** The router's: of topics that lead here alone, by the last kind of filter that did. */
  loneRoute: Route | undefined = undefined

  constructor(host: QueueHost, owner: string, id: number, persistent: boolean) {
    this.#host = host
    this.#owner = owner
    this.id = id
    this.persistent = persistent
  }

  get groups(): Iterable<Group> {
    return this.#groups ?? none
  }

  joined(group: Group): void {
    this.#groups ??= new Set()
    this.#groups.add(group)
  }

  left(group: Group): void {
    this.#groups?.delete(group)
  }

  /** Of what was handed out before a restart and was not handed out again yet. */
  get notes(): Iterable<number> {
    return this.#notes?.values() ?? none
  }

  /** Messages waiting, and handed out but unsettled. */
  get depth(): number {
    return (this.#waiting?.length ?? 0) + (this.#returned?.length ?? 0) + (this.#consumer?.unsettled ?? 0)
  }

  /** Handed out and not settled. */
  get unsettled(): number {
    return this.#consumer?.unsettled ?? 0
  }

  /** What its consumer has been owing an answer to for the longest time. */
  get oldestUnsettled(): Message | undefined {
    return this.#consumer?.oldest
  }

  /** Of what waits, stored or not. */
  get waitingBytes(): number {
    return this.#waiting?.bytes ?? 0
  }

  /** Of what `depth` counts. */
  get bytes(): number {
    return this.waitingBytes + (this.#returned?.messageBytes ?? 0) + (this.#consumer?.unsettledBytes ?? 0)
  }

  /** What has been here for the longest time: the message, or its place in the spool if it is nowhere else. */
  get oldest(): Reference | undefined {
    return this.#consumer?.oldest ?? this.#returned?.first?.message ?? this.#waiting?.oldest
  }

  get overflow(): Overflow {
    return this.#host.overflow
  }

  /** There is no room for this message. */
  full(message: Message): boolean {
    return this.#waiting?.full(sizeOf(message)) === true
  }

  get consumed(): boolean {
    return this.#consumer !== undefined
  }

  /** Would hand out a message of this guarantee at once. */
  ready(guarantee: Guarantee): boolean {
    const consumer = this.#consumer
    return consumer?.open(guarantee) === true && this.#nothingWaits
  }

  get #nothingWaits(): boolean {
    return !this.#returned && !this.#replays && !this.#waiting
  }

  /** The guarantee with which this queue would take the message, or undefined when it is its own and excluded. */
  wants(message: Message, via: MatchedVia): MatchedVia | undefined {
    return message.from === this.#owner ? via.forOwn : via
  }

  /** Takes a message; `offset` is its place in the spool, -1 when it is not stored for this queue. */
  offer(message: Message, via: MatchedVia, offset: number): void {
    const guarantee = via.guaranteeOf(message.guarantee)
    const consumer = this.#consumer
    if (consumer?.open(guarantee) && this.#nothingWaits) return this.#hand(consumer, message, via, guarantee, offset)
    // Nothing is owed at guarantee 0 to a consumer that is away.
    if (guarantee === 0 && !consumer) this.#host.drop('offline', message, this.principal)
    else this.#wait(offset === -1 ? message.own() : offset, via, sizeOf(message))
  }

  /** Takes a reference from a group, to be settled or given back. Only when `ready`. */
  adopt(message: Message, via: MatchedVia, guarantee: Guarantee, offset: number, group: Group): void {
    const consumer = this.#consumer as QueueConsumer
    if (guarantee === 0) {
      group.settled(offset)
      return this.#hand(consumer, message, via, 0, -1)
    }
    const delivery = new Unsettled(message.keep(), via, guarantee, offset, group.id)
    // Once begun, an exactly-once delivery ends with the same session: one that is not stored takes it along when it ends.
    if (guarantee === 1) delivery.home = group
    else if (offset !== -1) {
      this.#host.spool?.move(group.id, this.id, offset, 2, via)
      delivery.holderId = this.id
    }
    this.#deliver(consumer, delivery)
  }

  replay(source: ReplaySource, binding: BoundFilter): void {
    // One look a packet. Most topics have no retained value: nothing is made for those.
    if (this.#replays) return this.#replays.add(source, binding)
    const { done, value: next } = source.next()
    if (done) return
    this.#replays = new Replays(this.#host.looks, () => this.pump())
    this.#replays.add(source, binding, { next })
    this.pump()
  }

  endReplay({ filter }: BoundFilter): void {
    this.#replays?.drop(filter)
  }

  consume(receiver: Receiver, credit: number): Consumer & { close(): void } {
    this.#consumer?.close()
    const consumer = new QueueConsumer(this, this.#host.memory.parts.queues, receiver, credit)
    this.#consumer = consumer
    this.pump()
    for (const group of this.groups) group.pump()
    return consumer
  }

  /** Hands out what waits, as far as credit and the peer's pace allow. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      for (let consumer = this.#consumer; consumer && this.#pumpOne(consumer); consumer = this.#consumer);
    } finally {
      this.#pumping = false
    }
  }

  /** True when it moved on and there may be more. */
  #pumpOne(consumer: QueueConsumer): boolean {
    const returned = this.#returned?.first
    if (returned) {
      if (!consumer.open(returned.guarantee)) return false
      this.#unreturn(returned)
      returned.redelivered = true
      this.#deliver(consumer, returned)
      return true
    }
    if (this.#replays) return this.#pumpReplay(consumer, this.#replays)
    return this.#waiting !== undefined && this.#pumpWaiting(consumer, this.#waiting)
  }

  #pumpReplay(consumer: QueueConsumer, replays: Replays): boolean {
    const { message } = replays
    if (message === breath) return false
    if (!message) {
      this.#replays = undefined
      return true
    }
    const { via } = replays
    const guarantee = via.guaranteeOf(message.guarantee)
    const wanted = this.wants(message, via)
    if (wanted && !consumer.open(guarantee)) return false
    replays.shift()
    if (wanted) this.#hand(consumer, message, via, guarantee, this.#store(message, via, guarantee))
    return true
  }

  #pumpWaiting(consumer: QueueConsumer, waiting: Waiting): boolean {
    const message = waiting.first()
    if (!message) return false
    const { via } = waiting
    const guarantee = via.guaranteeOf(message.guarantee)
    if (!consumer.open(guarantee)) return false
    const offset = waiting.shift()
    if (waiting.length === 0) this.#waiting = undefined
    this.#hand(consumer, message, via, guarantee, offset)
    return true
  }

  #hand(consumer: QueueConsumer, message: Message, via: MatchedVia, guarantee: Guarantee, offset: number): void {
    // What was begun is finished, expired or not.
    const begun = this.#notes?.has(offset) === true
    if (!begun && message.expiresAt !== undefined && message.expiresAt < this.#host.clock.now()) {
      this.#host.drop('expired', message, this.principal)
      this.settled(offset)
      return
    }
    if (guarantee === 0) {
      if (offset !== -1) this.settled(offset)
      if (this.#permits(message)) {
        this.#host.handed(message, 0, this.principal)
        consumer.receiver.deliver(message, via, undefined)
      }
      return
    }
    const delivery = new Unsettled(message.keep(), via, guarantee, offset, this.id)
    const note = this.#notes?.get(offset)
    if (note !== undefined) {
      delivery.note = note
      delivery.redelivered = true
      this.#notes?.delete(offset)
    }
    this.#deliver(consumer, delivery)
  }

  #deliver(consumer: QueueConsumer, delivery: Unsettled): void {
    if (!this.#permits(delivery.message)) return this.#settledAt(delivery.holderId, delivery.offset)
    this.#host.handed(delivery.message, delivery.guarantee, this.principal)
    consumer.take(delivery)
  }

  /** The one place where rights are asked on the way out: what was queued before they changed passes here too. */
  #permits(message: Message): boolean {
    if (permits(this.principal, 'receive', message.topic)) return true
    this.#host.drop('not-authorized', message, this.principal)
    return false
  }

  #store(message: Message, via: MatchedVia, guarantee: Guarantee): number {
    const spool = this.#host.spool
    if (guarantee === 0 || this.id === 0 || !spool || spool.failed) return -1
    return spool.append(message, [this], [{ queueId: this.id, guarantee, via }])
  }

  /** Takes a message that is for this queue alone, and stores it. */
  add(message: Message, via: MatchedVia): void {
    const guarantee = via.guaranteeOf(message.guarantee)
    this.offer(message, via, this.#store(message, via, guarantee))
  }

  #wait(reference: Reference, via: MatchedVia, bytes: number): void {
    const waiting = (this.#waiting ??= new Waiting(this.#host, this))
    waiting.push(reference, via, bytes)
    if (waiting.length === 0) this.#waiting = undefined
  }

  /** A reference of this queue's own is done. */
  settled(offset: number): void {
    this.#settledAt(this.id, offset)
  }

  #settledAt(holderId: number, offset: number): void {
    if (offset !== -1) this.#host.spool?.settle(holderId, offset)
  }

  settle(consumer: QueueConsumer, delivery: Unsettled, outcome: 'accept' | 'reject' | 'requeue'): void {
    if (outcome === 'requeue') {
      this.#return([delivery])
    } else {
      if (outcome === 'reject') this.#host.drop('rejected', delivery.message, this.principal)
      else this.#host.accepted(delivery, this.principal)
      this.#host.slow.settled(this.#owner, delivery)
      this.#settledAt(delivery.holderId, delivery.offset)
    }
    if (consumer !== this.#consumer) return
    this.pump()
    if (this.#groups) for (const group of this.#groups) group.pump()
  }

  note(delivery: Unsettled, note: number): Promise<void> | undefined {
    return delivery.keepNote(note, this.#host.spool)
  }

  /** The consumer leaves: what it did not settle comes first for the next one, in its old order. */
  leave(consumer: QueueConsumer, unsettled: Iterable<Unsettled>): void {
    if (consumer !== this.#consumer) return
    this.#consumer = undefined
    const { stay, groups } = parted(this, unsettled)
    this.#return(stay)
    for (const [group, deliveries] of groups) group.giveBack(deliveries)
    this.#keepReplays()
  }

  /** Before all else for the next consumer. */
  #return(deliveries: readonly Unsettled[]): void {
    if (deliveries.length === 0) return
    this.#returned ??= new UnsettledList(this.#host.memory.parts.queues)
    this.#returned.addFirst(deliveries)
  }

  #unreturn(delivery: Unsettled): void {
    this.#returned?.remove(delivery)
    if (this.#returned?.length === 0) this.#returned = undefined
  }

  /** A durable session is owed the retained values it asked for; what needs a long look is looked for when it is back. */
  #keepReplays(): void {
    const replays = this.#replays
    this.#replays = undefined
    if (!this.persistent || !replays) return
    const newer = this.#waiting
    this.#waiting = undefined
    let { message } = replays
    for (; message && message !== breath; { message } = replays) {
      const via = replays.shift()
      const guarantee = via.guaranteeOf(message.guarantee)
      if (guarantee === 0 || !this.wants(message, via)) continue
      const offset = this.#store(message, via, guarantee)
      this.#wait(offset === -1 ? message : offset, via, sizeOf(message))
    }
    if (message) this.#replays = replays
    newer?.moveTo(reference => this.#wait(reference.reference, reference.via, reference.bytes))
  }

  retract(offset: number): void {
    this.#waiting?.retract(offset)
    if (this.#waiting?.length === 0) this.#waiting = undefined
    this.#consumer?.retract(offset)
    for (const delivery of [...(this.#returned ?? [])]) if (delivery.offset === offset) this.#unreturn(delivery)
  }

  /** What of the spool below an offset is held here, by whichever queue's name. */
  *stored(below: number): Generator<StoredReference> {
    for (const delivery of [...(this.#returned ?? []), ...(this.#consumer?.stored() ?? [])]) {
      const { offset, holderId, guarantee, via, note } = delivery
      if (offset !== -1 && offset < below) yield { queueId: holderId, offset, guarantee, via, note }
    }
    for (const { offset, via } of this.#waiting?.stored(below) ?? []) {
      yield { queueId: this.id, offset, guarantee: via.guarantee, via, note: this.#notes?.get(offset) ?? 0 }
    }
  }

  /** Takes what a restart found, oldest first; what has a note was handed out before. */
  restore(references: Iterable<{ offset: number; via: MatchedVia; bytes: number }>, notes: Map<number, number>): void {
    for (const { offset, via, bytes } of references) this.#wait(offset, via, bytes)
    if (notes.size > 0) this.#notes = notes
  }

  /** The session ends: every reference is given up. */
  end(): void {
    this.#consumer?.close()
    for (const delivery of this.#returned?.drain() ?? []) {
      // At least once is owed by the group as a whole; exactly once ends with this session.
      if (delivery.home && delivery.guarantee === 1) delivery.home.giveBack([delivery])
      else this.#settledAt(delivery.holderId, delivery.offset)
    }
    this.#returned = undefined
    this.#replays = undefined
    this.#groups = undefined
    this.#waiting?.clear()
    this.#waiting = undefined
  }
}
