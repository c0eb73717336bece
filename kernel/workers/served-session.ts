import type { Peer } from '../cluster/bus.ts'
import type { Message } from '../contract/message.ts'
import type { Consumer, Delivery, Receiver, Via } from '../contract/queue.ts'
import type { ConnectionInfo } from '../contract/session.ts'
import type { SessionHold } from '../sessions/session-hold.ts'
import type { Deliveries } from './deliveries.ts'
import { Numbered } from './numbered.ts'
import type { ServedSpace } from './served-space.ts'
import { deliveryForm, outcomes } from './words.ts'

/** Ways that one session's deliveries have come by; when there are more, their numbers begin anew. */
const mostVias = 4096

/** A via's number, and whose it is: a session that was taken over is another's next. */
interface ViaNumber {
  readonly of: ServedSession
  readonly number: number
}

/** A session that a client of a worker holds: what its queue hands out goes into the worker's frames. */
export class ServedSession implements Receiver {
  readonly number: number
  /** Whose it is: the same for all that ever hold it. */
  readonly key: string
  readonly space: ServedSpace
  /** What the worker said of the client's connection. */
  info: ConnectionInfo | undefined
  readonly #peer: Peer
  readonly #deliveries: Deliveries
  #hold: SessionHold | undefined
  #consumer: Consumer | undefined
  #unsettled: Numbered<Delivery> | undefined
  #vias = 0
  /** The client is slow; the worker is. */
  #clientHolds = false
  #workerHolds = false

  constructor(number: number, id: string, space: ServedSpace, peer: Peer, deliveries: Deliveries) {
    this.number = number
    this.key = `${space.space.principal.tenant}\0${id}`
    this.space = space
    this.#peer = peer
    this.#deliveries = deliveries
  }

  get hold(): SessionHold | undefined {
    return this.#hold
  }

  opened(hold: SessionHold): void {
    this.#hold = hold
  }

  consume(credit: number): void {
    const consumer = this.#hold?.consume(this, 0)
    this.#consumer = consumer
    // What needs no credit has been handed out already, and may have been too much.
    if (this.#workerHolds) consumer?.hold()
    consumer?.grant(credit)
  }

  grant(credit: number): void {
    this.#consumer?.grant(credit)
  }

  settle(number: number, outcome: number): void {
    const delivery = this.#unsettled?.take(number)
    if (delivery) this.#consumer?.settle(delivery, outcomes[outcome] ?? 'accept')
  }

  note(number: number, note: number): Promise<void> | undefined {
    const delivery = this.#unsettled?.get(number)
    return delivery && this.#consumer?.note(delivery, note)
  }

  clientSlow(slow: boolean): void {
    this.#clientHolds = slow
    this.#pace(slow)
  }

  /** The worker has taken in what it was sent. */
  workerDrained(): void {
    this.#workerHolds = false
    this.#pace(false)
  }

  #pace(slow: boolean): void {
    if (slow) this.#consumer?.hold()
    else if (!this.#clientHolds && !this.#workerHolds) this.#consumer?.resume()
  }

  deliver(message: Message, via: Via, delivery: Delivery | undefined): void {
    const known = this.#numberOf(via)
    const number = known ?? this.#vias++
    if (known === undefined) via.cache = { of: this, number } satisfies ViaNumber
    let form = ((number % mostVias) << deliveryForm.viaShift) | (delivery?.guarantee ?? 0)
    if (known === undefined) form |= deliveryForm.newVia
    if (delivery) {
      this.#unsettled ??= new Numbered()
      this.#unsettled.add(delivery)
      if (delivery.redelivered) form |= deliveryForm.redelivered
      if (delivery.note !== 0) form |= deliveryForm.noted
    }
    this.#deliveries.add(message, this.number, form, delivery?.note ?? 0, via)
    if (!this.#peer.slow() || this.#workerHolds) return
    // A frozen worker fills its clients' queues, up to their limits, and not this process.
    this.#workerHolds = true
    this.#consumer?.hold()
    this.#deliveries.heldUp.push(this)
  }

  /** What the worker knows the way by. Undefined: it has to be told what it is. */
  #numberOf({ cache }: Via): number | undefined {
    const known = cache as ViaNumber | undefined
    return known?.of === this && known.number > this.#vias - mostVias ? known.number : undefined
  }
}
