import type { Guarantee, Message } from '../contract/message.ts'
import type { Consumer, Delivery, Receiver } from '../contract/queue.ts'
import type { Share } from '../memory/share.ts'
import { Unsettled } from './delivery.ts'
import type { Queue } from './queue.ts'
import { UnsettledList } from './unsettled-list.ts'

/** Unsettled deliveries of so many bytes everybody may have; more only as far as there is memory for it. */
const grantedBytes = 16 * 1024
/** What one consumer may leave unsettled, of what queues may still hold. */
const unsettledPart = 1 / 4

/** The receiving end of a queue: what it was handed and has not settled is held against its credit. */
export class QueueConsumer implements Consumer {
  readonly receiver: Receiver
  readonly #queue: Queue
  /** Made with the first delivery: most consumers of guarantee 0 never have one. */
  #unsettled: UnsettledList | undefined
  readonly #memory: Share
  #credit: number
  #held = false

  constructor(queue: Queue, memory: Share, receiver: Receiver, credit: number) {
    this.#queue = queue
    this.#memory = memory
    this.receiver = receiver
    this.#credit = credit
  }

  get unsettled(): number {
    return this.#unsettled?.length ?? 0
  }

  get unsettledBytes(): number {
    return this.#unsettled?.messageBytes ?? 0
  }

  /** What was handed out first of what is not settled; not a retained message, whose age says nothing about the receiver. */
  get oldest(): Message | undefined {
    const first = this.#unsettled?.first
    return first?.via.replay ? undefined : first?.message
  }

  /** May be handed a message of this guarantee now. */
  open(guarantee: Guarantee): boolean {
    if (this.#held || guarantee === 0) return !this.#held
    return this.unsettled < this.#credit && this.#affordable
  }

  /** One delivery always is: its settlement is what frees memory. */
  get #affordable(): boolean {
    const bytes = this.#unsettled?.bytes ?? 0
    return bytes <= grantedBytes || this.unsettled === 0 || bytes <= this.#memory.freeBytes * unsettledPart
  }

  take(delivery: Unsettled): void {
    this.#unsettled ??= new UnsettledList(this.#memory)
    this.#unsettled.add(delivery)
    this.receiver.deliver(delivery.message, delivery.via, delivery)
  }

  grant(credit: number): void {
    this.#credit = credit
    this.#pump()
  }

  settle(delivery: Delivery, outcome: 'accept' | 'reject' | 'requeue'): void {
    if (!(delivery instanceof Unsettled) || !this.#unsettled?.remove(delivery)) return
    this.#queue.settle(this, delivery, outcome)
  }

  note(delivery: Delivery, note: number): Promise<void> | undefined {
    return delivery instanceof Unsettled ? this.#queue.note(delivery, note) : undefined
  }

  hold(): void {
    this.#held = true
  }

  resume(): void {
    this.#held = false
    this.#pump()
  }

  /** Stored deliveries, oldest first. */
  *stored(): Generator<Unsettled> {
    for (const delivery of this.#unsettled ?? []) if (delivery.offset !== -1) yield delivery
  }

  /**
   * Its commit failed, and its publisher was refused. What is exactly once was not begun before that commit, and must not
   * be; the rest is with the peer already, and settling it later means nothing.
   */
  retract(offset: number): void {
    for (const delivery of [...(this.#unsettled ?? [])]) {
      if (delivery.offset !== offset) continue
      if (delivery.guarantee === 2) this.#unsettled?.remove(delivery)
      else delivery.offset = -1
    }
  }

  close(): void {
    this.#queue.leave(this, this.#unsettled?.drain() ?? [])
  }

  #pump(): void {
    this.#queue.pump()
    for (const group of this.#queue.groups) group.pump()
  }
}
