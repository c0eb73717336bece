import { type Standing, standingOf } from '../access/index.ts'
import type { Identity, Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import { BrokerError, isBrokerError } from '../contract/errors.ts'
import { Message } from '../contract/message.ts'
import type { Counters, Logger } from '../contract/observe.ts'
import type { Change, Table } from '../contract/table.ts'
import type { Limits } from '../limits.ts'
import { ByteReader, ByteWriter } from '../spool/bytes.ts'
import { readMessage, writeMessage } from '../spool/message-codec.ts'
import type { Tenant } from '../tenant.ts'
import type { Schedule } from './schedule.ts'

interface Waiting {
  readonly id: number
  readonly tenant: Tenant
  readonly message: Message
  readonly principal: Principal | undefined
}

/** How long a message that a full disk refused waits until it is tried again. */
const retryAfterMs = 5_000

/** What the delayed store needs of the rest of the kernel. */
export interface DelayedHost {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly table: Table | undefined
  readonly limits: Pick<Limits, 'delayedMessages' | 'delayedBytes' | 'delayMs'>
  readonly counters: Counters
  readonly logger: Logger
  tenant(name: string): Tenant
  principal(identity: Identity, clientId: string, address: string, tenant: string): Principal
  publishDue(principal: Principal | undefined, tenant: Tenant, message: Message, dueId: number): Promise<void>
  dueDone(dueId: number): void
  /** A number that nothing kept uses. */
  number(): number
  restoreNumber(next: number): void
}

/** Messages to be published later. Each is a row until it was published; its number keeps a crash from repeating it. */
export class Delayed {
  readonly #host: DelayedHost
  readonly #waiting = new Map<number, Waiting>()
  /** Of each tenant, what waits and what is just being stored. */
  readonly #held = new Map<Tenant, { messages: number; bytes: number }>()

  constructor(host: DelayedHost) {
    this.#host = host
    host.counters.gauge('delayed_messages', () => this.#waiting.size)
    host.counters.gauge('delayed_bytes', () => [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0))
  }

  /** Brings back what the table holds, without what was published before the restart. */
  async recover(published: ReadonlyMap<number, number>): Promise<void> {
    if (!this.#host.table) return
    // A publisher of thousands is one principal, as it was before.
    const principals = new Map<string, Principal | undefined>()
    for await (const row of this.#host.table.range('')) {
      const [tenant = '', id = '0'] = row.key.split('\0')
      this.#host.restoreNumber(Number(id) + 1)
      if (published.has(Number(id))) {
        await this.#host.table.write([{ key: row.key, value: undefined }])
        continue
      }
      const reader = new ByteReader(row.value)
      const publisher = reader.string()
      const known = `${tenant}\0${publisher}`
      if (!principals.has(known)) principals.set(known, this.#principal(tenant, JSON.parse(publisher)))
      const message = readMessage(reader)
      const waiting = { id: Number(id), tenant: this.#host.tenant(tenant), message, principal: principals.get(known) }
      this.#hold(waiting, 1)
      this.#wait(waiting)
    }
  }

  /** Keeps the message until its time. @throws BrokerError LIMIT_REACHED */
  add(tenant: Tenant, principal: Principal | undefined, message: Message): number | Promise<void> {
    const { delayedMessages, delayedBytes, delayMs } = this.#host.limits
    const held = this.#held.get(tenant) ?? { messages: 0, bytes: 0 }
    const ahead = (message.deliverAt ?? 0) - message.publishedAt
    if (delayMs > 0 && ahead > delayMs) throw limitReached('delayMs', delayMs)
    if (delayedMessages > 0 && held.messages >= delayedMessages) throw limitReached('delayedMessages', delayedMessages)
    if (delayedBytes > 0 && held.bytes + message.payload.length > delayedBytes)
      throw limitReached('delayedBytes', delayedBytes)
    const waiting = { id: this.#host.number(), tenant, message: message.own(), principal }
    this.#hold(waiting, 1)
    if (!this.#host.table) {
      this.#wait(waiting)
      return 1
    }
    return this.#host.table.write([rowOf(waiting)]).then(
      () => this.#wait(waiting),
      error => {
        this.#hold(waiting, -1)
        throw error
      },
    )
  }

  /** What waits, in no order. */
  all(): Iterable<{ readonly id: number; readonly message: Message }> {
    return this.#waiting.values()
  }

  /** Counts a message in, or out again. */
  #hold({ tenant, message }: Waiting, by: 1 | -1): void {
    const held = this.#held.get(tenant) ?? { messages: 0, bytes: 0 }
    this.#held.set(tenant, held)
    held.messages += by
    held.bytes += by * message.payload.length
    if (held.messages === 0) this.#held.delete(tenant)
  }

  #wait(waiting: Waiting, at = waiting.message.deliverAt ?? 0): void {
    this.#waiting.set(waiting.id, waiting)
    this.#host.schedule.at(at, () => {
      this.#publish(waiting).catch(error => {
        this.#host.logger.error(
          { topic: waiting.message.topic, error: String(error) },
          'a delayed message was not published',
        )
      })
    })
  }

  async #publish(waiting: Waiting): Promise<void> {
    const { id, tenant, message, principal } = waiting
    if (!this.#waiting.delete(id)) return
    try {
      await this.#host.publishDue(principal, tenant, dueMessage(message), id)
    } catch (error) {
      // It was taken: it is kept until there is room again.
      if (isBrokerError(error, 'STORAGE_FULL')) return this.#wait(waiting, this.#host.clock.now() + retryAfterMs)
      this.#host.logger.error({ topic: message.topic, error: String(error) }, 'a delayed message was given up')
    }
    this.#hold(waiting, -1)
    await this.#host.table?.write([{ key: keyOf(waiting), value: undefined }])
    this.#host.dueDone(id)
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

function rowOf(waiting: Waiting): Change {
  const { message, principal } = waiting
  const standing = standingOf(principal)
  const publisher = principal && standing && { ...standing, clientId: principal.clientId, address: principal.address }
  const writer = new ByteWriter()
  writer.string(JSON.stringify(publisher ?? null))
  writeMessage(writer, message)
  return { key: keyOf(waiting), value: writer.slice(0, writer.length) }
}

function keyOf({ id, tenant }: Waiting): string {
  return `${tenant.name}\0${id}`
}

/** The message as it is published at its time; its expiry was counted from then. */
function dueMessage(message: Message): Message {
  const { topic, payload, guarantee, durability, retain, headers, contentType, correlationId, replyTo, format } =
    message
  return new Message(
    {
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
    },
    true,
  )
}

function limitReached(name: string, value: number): BrokerError {
  return new BrokerError('LIMIT_REACHED', `no more delayed messages: the limit ${name} is ${value}`)
}
