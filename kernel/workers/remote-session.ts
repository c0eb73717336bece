import type { Peer } from '../cluster/bus.ts'
import { errorOf } from '../cluster/question.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Guarantee, Message } from '../contract/message.ts'
import type { Consumer, Delivery, Receiver, Via } from '../contract/queue.ts'
import type { BindRequest, Bound, Session, SessionOptions } from '../contract/session.ts'
import { Numbered } from './numbered.ts'
import type { OwnerLink } from './owner-link.ts'
import {
  asksOwner,
  type BindBody,
  type BoundBody,
  deliveryForm,
  type EndBody,
  type OpenedBody,
  outcomes,
  toOwner,
  type UnbindBody,
} from './words.ts'

/** What the owner handed to this process and this process has not settled. */
class RemoteDelivery implements Delivery {
  readonly message: Message
  readonly via: Via
  readonly guarantee: Guarantee
  readonly redelivered: boolean
  note: number
  /** Its number at the owner; both sides count. 0: settled. */
  number = 0

  constructor(message: Message, via: Via, guarantee: Guarantee, redelivered: boolean, note: number) {
    this.message = message
    this.via = via
    this.guarantee = guarantee
    this.redelivered = redelivered
    this.note = note
  }
}

/** A session that the owner keeps, and its consumer: one object, for a connection has both. */
export class RemoteSession implements Session, Consumer {
  readonly id: string
  readonly resumed: boolean
  readonly notes: readonly number[]
  readonly #link: OwnerLink
  readonly #number: number
  readonly #lasts: boolean
  readonly #inspect: SessionOptions['inspect']
  /** Identifiers of publishes that were taken and not released. */
  #heldIds: Set<number> | undefined
  #receiver: Receiver | undefined
  #deliveries: Numbered<RemoteDelivery> | undefined
  /** Ways by their number. */
  #vias: Via[] = []
  #held = false
  #over = false

  constructor(link: OwnerLink, number: number, opened: OpenedBody, inspect: SessionOptions['inspect']) {
    this.id = opened.id
    this.resumed = opened.resumed
    this.notes = opened.notes
    this.#link = link
    this.#number = number
    this.#lasts = opened.lasts
    this.#inspect = inspect
    if (opened.held.length > 0) this.#heldIds = new Set(opened.held)
  }

  get unsettled(): number {
    return this.#deliveries?.size ?? 0
  }

  /** Somebody else has it, or it has ended: nothing of it arrives or leaves any more. */
  lose(): void {
    this.#over = true
    this.#receiver = undefined
    this.#deliveries = undefined
  }

  bind(requests: readonly BindRequest[], bound: (results: readonly Bound[]) => void): Promise<void> {
    const body: BindBody = { session: this.#number, requests }
    return this.#inOrder(asksOwner.bind, body, results =>
      bound((results as readonly BoundBody[]).map((result, i) => boundOf(result, requests[i]))),
    )
  }

  unbind(filters: UnbindBody['filters'], ended: (existed: readonly boolean[]) => void): Promise<void> {
    const body: UnbindBody = { session: this.#number, filters }
    return this.#inOrder(asksOwner.unbind, body, existed => ended(existed as readonly boolean[]))
  }

  /** `told` is called before anything behind the answer is looked at: deliveries, above all. */
  #inOrder(kind: number, body: unknown, told: (value: unknown) => void): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#peer.ask(kind, body, outcome => {
        if ('error' in outcome) return reject(outcome.error)
        if (outcome.value !== undefined && !this.#over) told(outcome.value)
        resolve()
      })
    })
  }

  consume(receiver: Receiver, credit: number): Consumer {
    if (this.#over) throw new Error('a lost session has no consumer')
    this.#receiver = receiver
    const frame = this.#peer.begin(toOwner.consume)
    frame.varint(this.#number)
    frame.varint(credit)
    frame.string(JSON.stringify(this.#inspect?.() ?? null))
    return this
  }

  publishOnce(message: Message, id: number): number | Promise<number> | undefined {
    if (this.#over || this.holds(id)) return undefined
    this.#link.checkTopic(message.topic)
    this.#heldIds ??= new Set()
    this.#heldIds.add(id)
    const frame = this.#peer.begin(toOwner.publishOnce)
    frame.varint(this.#number)
    const published = this.#link.awaited(frame)
    frame.varint(id)
    this.#link.write(frame, message)
    // Refused: the identifier is held only by what was taken.
    published.catch(() => this.#heldIds?.delete(id))
    return published
  }

  holds(id: number): boolean {
    return this.#heldIds?.has(id) === true
  }

  release(id: number): Promise<void> | undefined {
    if (this.#over) return undefined
    const held = this.#heldIds?.delete(id) === true
    if (!held && !this.#lasts) return undefined
    const frame = this.#peer.begin(toOwner.release)
    frame.varint(this.#number)
    // What ends with its connection cannot come back and take a new message for an old one.
    const released = this.#lasts ? this.#link.awaited(frame) : undefined
    if (!released) frame.varint(0)
    frame.varint(id)
    return released?.then(nothing)
  }

  async end({ will, expiresAfterMs }: Parameters<Session['end']>[0]): Promise<void> {
    if (this.#over) return
    this.lose()
    this.#link.forget(this.#number)
    const body: EndBody = { session: this.#number, will, expiresAfterMs }
    await this.#peer.request(asksOwner.end, body)
  }

  grant(credit: number): void {
    this.#tell(toOwner.grant, credit)
  }

  settle(delivery: Delivery, outcome: (typeof outcomes)[number]): void {
    if (!(delivery instanceof RemoteDelivery) || this.#deliveries?.take(delivery.number) !== delivery) return
    const frame = this.#peer.begin(toOwner.settle)
    frame.varint(this.#number)
    frame.varint(delivery.number)
    frame.uint8(outcomes.indexOf(outcome))
  }

  /** At least once nobody waits for it: a note that is lost costs a repetition under another number. */
  note(delivery: Delivery, note: number): Promise<void> | undefined {
    if (!(delivery instanceof RemoteDelivery) || this.#deliveries?.get(delivery.number) !== delivery) return undefined
    const frame = this.#peer.begin(toOwner.note)
    frame.varint(this.#number)
    frame.varint(delivery.number)
    const noted = this.#lasts && delivery.guarantee === 2 ? this.#link.awaited(frame) : undefined
    if (!noted) frame.varint(0)
    frame.varint(note)
    delivery.note = note
    return noted?.then(nothing)
  }

  hold(): void {
    if (this.#held || this.#over) return
    this.#held = true
    this.#peer.begin(toOwner.hold).varint(this.#number)
  }

  resume(): void {
    if (!this.#held || this.#over) return
    this.#held = false
    this.#peer.begin(toOwner.resume).varint(this.#number)
  }

  /** From the owner; `form` as `deliveryForm` has it, `newVia` where the way is new. */
  deliver(message: Message, form: number, note: number, newVia: Via | undefined): void {
    const receiver = this.#receiver
    if (!receiver) return
    const number = form >> deliveryForm.viaShift
    if (newVia) this.#vias[number] = newVia
    const via = this.#vias[number]
    if (!via) throw new Error(`a delivery of session ${this.id} by a way that was never told`)
    const guarantee = (form & deliveryForm.guarantee) as Guarantee
    if (guarantee === 0) return receiver.deliver(message, via, undefined)
    const redelivered = (form & deliveryForm.redelivered) !== 0
    const delivery = new RemoteDelivery(message.keep(), via, guarantee, redelivered, note)
    this.#deliveries ??= new Numbered()
    delivery.number = this.#deliveries.add(delivery)
    receiver.deliver(message, via, delivery)
  }

  #tell(kind: number, value: number): void {
    if (this.#over) return
    const frame = this.#peer.begin(kind)
    frame.varint(this.#number)
    frame.varint(value)
  }

  get #peer(): Peer {
    return this.#link.peer
  }
}

function boundOf({ bound, existed, error }: BoundBody, request: BindRequest | undefined): Bound {
  if (!error) return { binding: bound ? request : undefined, existed, error: undefined }
  const { message } = error
  const refused = errorOf(error.code, message)
  return {
    binding: undefined,
    existed,
    error: refused instanceof BrokerError ? refused : new BrokerError('CLOSED', message),
  }
}

function nothing(): void {}
