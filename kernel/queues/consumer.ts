import type { Guarantee, Message } from '../contract/message.ts'
import type { Consumer, Delivery, Receiver } from '../contract/queue.ts'
import { Unsettled } from './delivery.ts'
import type { Queue } from './queue.ts'
import { UnsettledList } from './unsettled-list.ts'

/** The receiving end of a queue: what it was handed and has not settled is held against its credit. */
export class QueueConsumer implements Consumer {
  readonly receiver: Receiver
  readonly #queue: Queue
  /** Made with the first delivery: most consumers of guarantee 0 never have one. */
  #unsettled: UnsettledList | undefined
  #credit: number
  #held = false

  constructor(queue: Queue, receiver: Receiver, credit: number) {
    this.#queue = queue
    this.receiver = receiver
    this.#credit = credit
  }

  get unsettled(): number {
    return this.#unsettled?.length ?? 0
  }

  /** What was handed out first of what is not settled. */
  get oldest(): Message | undefined {
    return this.#unsettled?.first?.message
  }

  /** May be handed a message of this guarantee now. */
  open(guarantee: Guarantee): boolean {
    return !this.#held && (guarantee === 0 || this.unsettled < this.#credit)
  }

  take(delivery: Unsettled): void {
    this.#unsettled ??= new UnsettledList()
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

  /** Its commit failed: it is not stored any more, and settling it later means nothing. */
  retract(offset: number): void {
    for (const delivery of this.#unsettled ?? []) if (delivery.offset === offset) delivery.offset = -1
  }

  close(): void {
    this.#queue.leave(this, this.#unsettled?.drain() ?? [])
  }

  #pump(): void {
    this.#queue.pump()
    for (const group of this.#queue.groups) group.pump()
  }
}
