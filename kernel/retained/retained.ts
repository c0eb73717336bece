import { BrokerError } from '../contract/errors.ts'
import type { Message } from '../contract/message.ts'
import type { Counters } from '../contract/observe.ts'
import type { Table } from '../contract/table.ts'
import type { Limits } from '../limits.ts'
import type { Due, Schedule } from '../schedule/schedule.ts'
import { decodeMessage, encodeMessage } from '../spool/message-codec.ts'
import { TopicTree } from './topic-tree.ts'

interface Tenant {
  readonly tree: TopicTree
  messages: number
  bytes: number
}

type RetainedLimits = Pick<
  Limits,
  'retainedMessages' | 'retainedBytes' | 'nodeRetainedMessages' | 'nodeRetainedBytes' | 'retainedMessageBytes'
>

/** The latest retained message of each topic, by tenant; in memory whole, and in a table when the storage is durable. */
export class Retained {
  readonly #table: Table | undefined
  readonly #schedule: Schedule
  readonly #limits: RetainedLimits
  readonly #tenants = new Map<string, Tenant>()
  readonly #expiries = new Map<Message, Due>()
  /** Topics whose message is being stored: what they hold if that fails. */
  readonly #storing = new Map<string, { stored: Message | undefined; writes: number }>()
  /** Of all tenants. */
  readonly #node = { messages: 0, bytes: 0 }

  constructor(table: Table | undefined, schedule: Schedule, limits: RetainedLimits, counters: Counters) {
    this.#table = table
    this.#schedule = schedule
    this.#limits = limits
    counters.gauge('retained_messages', () => this.#node.messages)
    counters.gauge('retained_bytes', () => this.#node.bytes)
  }

  /** Brings back what the table holds; what has expired meanwhile leaves it. */
  async recover(): Promise<void> {
    if (!this.#table) return
    for await (const row of this.#table.range('')) {
      const tenant = row.key.slice(0, row.key.indexOf('\0'))
      this.#put(tenant, decodeMessage(row.value))
    }
  }

  /** @throws BrokerError LIMIT_REACHED when the message may not be added. */
  check(tenantName: string, message: Message): void {
    const bytes = message.payload.length
    if (bytes === 0) return
    const { retainedMessages, retainedBytes, retainedMessageBytes } = this.#limits
    if (retainedMessageBytes > 0 && bytes > retainedMessageBytes)
      throw limitReached('retainedMessageBytes', retainedMessageBytes)
    const tenant = this.#tenant(tenantName)
    const before = tenant.tree.get(message.topic)
    const messages = before ? 0 : 1
    const more = bytes - (before?.payload.length ?? 0)
    const reaches = (limit: number, held: number, added: number) => limit > 0 && added > 0 && held + added > limit
    if (reaches(retainedMessages, tenant.messages, messages)) throw limitReached('retainedMessages', retainedMessages)
    if (reaches(retainedBytes, tenant.bytes, more)) throw limitReached('retainedBytes', retainedBytes)
    const { nodeRetainedMessages, nodeRetainedBytes } = this.#limits
    if (reaches(nodeRetainedMessages, this.#node.messages, messages))
      throw limitReached('nodeRetainedMessages', nodeRetainedMessages)
    if (reaches(nodeRetainedBytes, this.#node.bytes, more)) throw limitReached('nodeRetainedBytes', nodeRetainedBytes)
  }

  /** Sets, or with an empty payload clears, the topic's message. Effective at once; resolves when it is durable. */
  store(tenantName: string, message: Message): Promise<unknown> | undefined {
    const { topic } = message
    const before = this.get(tenantName, topic)
    if (message.payload.length === 0) {
      return this.#remove(tenantName, topic) ? this.#write(tenantName, topic, before, undefined) : undefined
    }
    this.#put(tenantName, message.own())
    // Declared to be of the moment although its delivery is assured: it would be wrong after a restart.
    if (message.guarantee > 0 && message.durability === 'none') return undefined
    return this.#write(tenantName, topic, before, message)
  }

  /** What could not be stored is refused: the topic's last stored message is its message again. */
  #write(
    tenantName: string,
    topic: string,
    before: Message | undefined,
    after: Message | undefined,
  ): Promise<unknown> | undefined {
    if (!this.#table) return undefined
    const key = `${tenantName}\0${topic}`
    const storing = this.#storing.get(key) ?? { stored: before, writes: 0 }
    this.#storing.set(key, storing)
    const write = ++storing.writes
    const written = this.#table.write([{ key, value: after && encodeMessage(after) }])
    written
      .then(
        () => {
          storing.stored = after
        },
        () => {
          const isNewest = write === storing.writes && this.get(tenantName, topic) === after
          if (isNewest) this.#remove(tenantName, topic)
          if (isNewest && storing.stored) this.#put(tenantName, storing.stored)
        },
      )
      .finally(() => {
        if (write === storing.writes) this.#storing.delete(key)
      })
    return written
  }

  get(tenantName: string, topic: string): Message | undefined {
    return this.#tenants.get(tenantName)?.tree.get(topic)
  }

  match(tenantName: string, filter: string): Iterator<Message, undefined> & Iterable<Message> {
    return this.#tenant(tenantName).tree.match(filter)
  }

  #put(tenantName: string, message: Message): void {
    const tenant = this.#tenant(tenantName)
    const before = tenant.tree.set(message)
    this.#account(tenant, before, message)
    if (message.expiresAt === undefined) return
    const due = this.#schedule.at(message.expiresAt, () => this.#expire(tenantName, message))
    this.#expiries.set(message, due)
  }

  #remove(tenantName: string, topic: string): boolean {
    const tenant = this.#tenant(tenantName)
    const before = tenant.tree.delete(topic)
    this.#account(tenant, before, undefined)
    return before !== undefined
  }

  #account(tenant: Tenant, before: Message | undefined, after: Message | undefined): void {
    for (const account of [tenant, this.#node]) {
      account.messages += (after ? 1 : 0) - (before ? 1 : 0)
      account.bytes += (after?.payload.length ?? 0) - (before?.payload.length ?? 0)
    }
    if (!before) return
    this.#expiries.get(before)?.cancel()
    this.#expiries.delete(before)
  }

  #expire(tenantName: string, message: Message): void {
    if (this.get(tenantName, message.topic) !== message) return
    this.#remove(tenantName, message.topic)
    // When this row cannot be removed now, the next start removes it: it has expired then, too.
    this.#table?.write([{ key: `${tenantName}\0${message.topic}`, value: undefined }]).catch(() => {})
  }

  #tenant(name: string): Tenant {
    let tenant = this.#tenants.get(name)
    if (!tenant) this.#tenants.set(name, (tenant = { tree: new TopicTree(), messages: 0, bytes: 0 }))
    return tenant
  }
}

function limitReached(name: string, value: number): BrokerError {
  return new BrokerError('LIMIT_REACHED', `no more retained messages: the limit ${name} is ${value}`)
}
