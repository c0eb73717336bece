import { type Standing, standingOf } from '../access/index.ts'
import type { Identity, Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import { isBrokerError } from '../contract/errors.ts'
import { Message } from '../contract/message.ts'
import type { Counters, Logger } from '../contract/observe.ts'
import { limitReached } from '../limit-reached.ts'
import type { Limits } from '../limits.ts'
import type { Memory } from '../memory/memory.ts'
import { costOf } from '../memory/share.ts'
import { dueWorkOwner, type Once, type StoredReference } from '../spool/record.ts'
import type { ReturningDelayed } from '../spool/recovery.ts'
import type { Holder, Spool } from '../spool/spool.ts'
import type { Tenant } from '../tenant.ts'
import type { Due, Schedule } from './schedule.ts'

interface Waiting {
  /** For whoever looks: not reused while the broker runs. */
  readonly id: number
  readonly tenant: Tenant
  readonly principal: Principal | undefined
  readonly deliverAt: number
  readonly payloadBytes: number
  /** Its place in the spool, or the message itself where nothing is stored. */
  readonly reference: number | Message
  /** Undefined: it has fallen due, and is being published. */
  due: Due | undefined
}

/** A message that waits for its time, as an operator sees it. */
export interface DelayedView {
  /** Names it until it is published: not reused while the broker runs. */
  readonly id: number
  readonly tenant: string
  /** Undefined: the broker's own. */
  readonly clientId: string | undefined
  /** ms since the epoch. */
  readonly deliverAt: number
  readonly payloadBytes: number
}

/** What an entry takes: here, in the schedule, and its publisher's part. */
const entryBytes = 512
/** How long a message that a full disk refused waits until it is tried again. */
const retryAfterMs = 5_000
/** Messages that are loaded and published in one step. */
const stepMessages = 256

/** What the delayed store needs of the rest of the kernel. */
export interface DelayedHost {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly spool: Spool | undefined
  readonly limits: Pick<Limits, 'delayedMessages' | 'delayedBytes' | 'delayMs'>
  readonly memory: Memory
  readonly counters: Counters
  readonly logger: Logger
  tenant(name: string): Tenant
  principal(identity: Identity, clientId: string, address: string, tenant: string): Principal
  /** Publishes, before it returns, if the principal still may. */
  publishDue(principal: Principal | undefined, tenant: Tenant, message: Message): Promise<void>
}

/**
 * Messages to be published later: each a record of the spool until it is published, and done by the commit that
 * publishes it. In memory is what the schedule needs, not the message.
 */
export class Delayed implements Holder {
  readonly id = dueWorkOwner
  readonly #host: DelayedHost
  readonly #waiting = new Map<number | Message, Waiting>()
  /** Of each tenant, what waits and what is just being stored. */
  readonly #held = new Map<Tenant, { messages: number; bytes: number }>()
  /** What has fallen due and is not published yet, in that order. */
  #due: Waiting[] = []
  #publishing = false
  #nextId = 1

  constructor(host: DelayedHost) {
    this.#host = host
    host.counters.gauge('delayed_messages', () => this.#waiting.size)
    host.counters.gauge('delayed_bytes', () => [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0))
  }

  /** Brings back what the spool holds, by place. */
  restore(delayed: ReadonlyMap<number, ReturningDelayed>): void {
    // A publisher of thousands is one principal, as it was before.
    const principals = new Map<string, Principal | undefined>()
    const oldestFirst = [...delayed].sort(([a], [b]) => a - b)
    for (const [reference, { tenant, publisher, deliverAt, payloadBytes }] of oldestFirst) {
      const known = `${tenant}\0${publisher}`
      if (!principals.has(known)) principals.set(known, this.#principal(tenant, JSON.parse(publisher)))
      const principal = principals.get(known)
      const waiting = this.#entry({ tenant: this.#host.tenant(tenant), principal, deliverAt, payloadBytes, reference })
      this.#hold(waiting, 1)
      this.#wait(waiting)
    }
  }

  /** Keeps the message until its time; `once` is held by the same commit. @throws BrokerError LIMIT_REACHED */
  add(
    tenant: Tenant,
    principal: Principal | undefined,
    message: Message,
    once?: Once & { held(offset: number): void },
  ): number | Promise<number> {
    this.#checkRoom(tenant, message)
    const { spool } = this.#host
    const { deliverAt = 0, payloadBytes } = message
    const from = { tenant: tenant.name, publisher: publisherOf(principal) }
    const reference = spool ? spool.delay(message, from, this, once) : message.packed()
    const waiting = this.#entry({ tenant, principal, deliverAt, payloadBytes, reference })
    this.#hold(waiting, 1)
    if (!spool || typeof reference !== 'number') {
      this.#wait(waiting)
      return 1
    }
    once?.held(reference)
    return spool.commit.then(
      () => {
        this.#wait(waiting)
        return 1
      },
      error => {
        this.#hold(waiting, -1)
        throw error
      },
    )
  }

  *list(): Iterable<DelayedView> {
    for (const { id, tenant, principal, deliverAt, payloadBytes } of this.#waiting.values())
      yield { id, tenant: tenant.name, clientId: principal?.clientId, deliverAt, payloadBytes }
  }

  /** The messages of some entries, by their ids; of what was published meanwhile there is none. */
  async peek(ids: ReadonlySet<number>): Promise<ReadonlyMap<number, Message>> {
    const wanted = [...this.#waiting.values()].filter(({ id }) => ids.has(id))
    const messages = await this.#load(wanted)
    return new Map(
      wanted.flatMap(({ id, reference }) => {
        const message = messages.get(reference)
        return message ? [[id, message]] : []
      }),
    )
  }

  /** Gives a message up; durable when it resolves. False: none of that id waits. */
  async cancel(id: number): Promise<boolean> {
    const waiting = [...this.#waiting.values()].find(entry => entry.id === id)
    if (!waiting?.due) return false
    const { reference } = waiting
    waiting.due.cancel()
    this.#waiting.delete(reference)
    this.#hold(waiting, -1)
    if (typeof reference === 'number') await this.#host.spool?.finish(this.id, reference)
    return true
  }

  /** What of the spool below an offset waits here. */
  *stored(below: number): Generator<StoredReference> {
    for (const { reference: offset, tenant, principal } of this.#waiting.values()) {
      if (typeof offset !== 'number' || offset >= below) continue
      const delayed = { tenant: tenant.name, publisher: publisherOf(principal) }
      yield { queueId: this.id, offset, guarantee: 0, via: { replay: false, bindings: [] }, note: 0, delayed }
    }
  }

  /** It does not wait before its commit, so there is nothing to forget. */
  retract(): void {}

  #entry(entry: Omit<Waiting, 'id' | 'due'>): Waiting {
    return { id: this.#nextId++, due: undefined, ...entry }
  }

  #checkRoom(tenant: Tenant, message: Message): void {
    const { delayedMessages, delayedBytes, delayMs } = this.#host.limits
    const held = this.#held.get(tenant) ?? { messages: 0, bytes: 0 }
    const ahead = (message.deliverAt ?? 0) - message.publishedAt
    if (delayMs > 0 && ahead > delayMs) throw limitReached('delayed messages', 'delayMs', delayMs)
    if (delayedMessages > 0 && held.messages >= delayedMessages)
      throw limitReached('delayed messages', 'delayedMessages', delayedMessages)
    if (delayedBytes > 0 && held.bytes + message.payloadBytes > delayedBytes)
      throw limitReached('delayed messages', 'delayedBytes', delayedBytes)
    const { memory, spool } = this.#host
    if (entryBytes + (spool ? 0 : costOf(message)) > memory.parts.delayed.freeBytes) {
      memory.refuse('delayed')
      throw limitReached('delayed messages', 'memory', memory.limitBytes)
    }
  }

  /** Counts a message in, or out again. */
  #hold({ tenant, payloadBytes, reference }: Waiting, by: 1 | -1): void {
    const held = this.#held.get(tenant) ?? { messages: 0, bytes: 0 }
    this.#held.set(tenant, held)
    held.messages += by
    held.bytes += by * payloadBytes
    const { delayed } = this.#host.memory.parts
    delayed.take(by * (entryBytes + (typeof reference === 'number' ? 0 : costOf(reference))))
    if (held.messages === 0) this.#held.delete(tenant)
  }

  #wait(waiting: Waiting, at = waiting.deliverAt): void {
    this.#waiting.set(waiting.reference, waiting)
    waiting.due = this.#host.schedule.at(at, () => {
      waiting.due = undefined
      this.#due.push(waiting)
      if (!this.#publishing) void this.#publishAll()
    })
  }

  /** One step after the other: what falls due later is never published before. */
  async #publishAll(): Promise<void> {
    this.#publishing = true
    while (this.#due.length > 0) {
      const step = this.#due.splice(0, stepMessages)
      try {
        const messages = await this.#load(step)
        await Promise.all(step.map(waiting => this.#publish(waiting, messages.get(waiting.reference))))
      } catch (error) {
        this.#host.logger.error({ error: String(error) }, 'delayed messages could not be read; tried again later')
        for (const waiting of step) this.#waitAgain(waiting)
      }
      // Where nothing is stored nothing else was waited for, and the event loop is everybody's.
      if (!this.#host.spool && this.#due.length > 0) await new Promise(resolve => setImmediate(resolve))
    }
    this.#publishing = false
  }

  async #load(step: readonly Waiting[]): Promise<Map<number | Message, Message>> {
    const offsets = step.flatMap(({ reference }) => (typeof reference === 'number' ? [reference] : []))
    const loaded = await this.#host.spool?.load(offsets.sort((a, b) => a - b))
    return new Map(
      step.flatMap(({ reference }) => {
        const message = typeof reference === 'number' ? loaded?.get(reference) : reference
        return message ? [[reference, message]] : []
      }),
    )
  }

  async #publish(waiting: Waiting, message: Message | undefined): Promise<void> {
    const { tenant, principal, reference } = waiting
    const { spool, logger } = this.#host
    this.#waiting.delete(reference)
    try {
      // In one turn, so in one commit: published and done, or neither.
      const published = message && this.#host.publishDue(principal, tenant, dueMessage(message))
      const finished = typeof reference === 'number' ? spool?.finish(this.id, reference) : undefined
      await Promise.all([published, finished])
    } catch (error) {
      // It was taken: it is kept until there is room again.
      if (isBrokerError(error, 'STORAGE_FULL')) return this.#waitAgain(waiting)
      logger.error({ topic: message?.topic, error: String(error) }, 'a delayed message was given up')
    }
    this.#hold(waiting, -1)
  }

  #waitAgain(waiting: Waiting): void {
    this.#wait(waiting, this.#host.clock.now() + retryAfterMs)
  }

  #principal(tenant: string, publisher: Publisher | null): Principal | undefined {
    return publisher ? this.#host.principal(publisher, publisher.clientId, publisher.address, tenant) : undefined
  }
}

/** Whose rights decide at its time. null: the broker's own. */
interface Publisher extends Standing {
  readonly clientId: string
  readonly address: string
}

function publisherOf(principal: Principal | undefined): string {
  const standing = standingOf(principal)
  const publisher: Publisher | undefined = principal &&
    standing && { ...standing, clientId: principal.clientId, address: principal.address }
  return JSON.stringify(publisher ?? null)
}

/** The message as it is published at its time; its expiry was counted from then. */
function dueMessage(message: Message): Message {
  const { topic, payload, guarantee, durability, retain, headers, contentType, correlationId, replyTo, format } =
    message
  return new Message({
    topic,
    payload,
    guarantee,
    durability,
    retain,
    headers,
    publishedAt: message.deliverAt ?? message.publishedAt,
    ...(contentType !== undefined && { contentType }),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(format !== undefined && { format }),
    ...(message.expiresAt !== undefined && { expiresAt: message.expiresAt }),
    ...(message.from !== undefined && { from: message.from }),
  })
}
