import type { Message } from '../contract/message.ts'
import type { Counters } from '../contract/observe.ts'
import type { Table } from '../contract/table.ts'
import { limitReached } from '../limit-reached.ts'
import type { Limits } from '../limits.ts'
import type { Memory } from '../memory/memory.ts'
import { costOf } from '../memory/share.ts'
import type { Due, Schedule } from '../schedule/schedule.ts'
import { ByteReader } from '../spool/bytes.ts'
import { encodeMessage, readMessage } from '../spool/message-codec.ts'
import { messageAt } from './branch.ts'
import type { LevelSurvey, Survey } from './topic-survey.ts'
import { levelsOf, TopicTree } from './topic-tree.ts'

interface Tenant {
  readonly tree: TopicTree
  messages: number
  /** Of them, the broker's own: their topics begin with `$`. */
  ownMessages: number
  bytes: number
}

type RetainedLimits = Pick<
  Limits,
  'retainedMessages' | 'retainedBytes' | 'nodeRetainedMessages' | 'nodeRetainedBytes' | 'retainedMessageBytes'
>

/** An iterator at its end stays there, so one is enough. */
const nothing = ([] as Message[]).values() as IterableIterator<Message, undefined>

/** What a topic's own nodes take, and its row in a table, by rule of thumb. */
const placeBytes = 256
const rowBytes = 512

/** The latest retained message of each topic, by tenant; in memory whole, and in a table when the storage is durable. */
export class Retained {
  readonly #table: Table | undefined
  readonly #schedule: Schedule
  readonly #limits: RetainedLimits
  readonly #memory: Memory
  readonly #tenants = new Map<string, Tenant>()
  readonly #expiries = new Map<Message, Due>()
  /** Topics whose message is being stored: what they hold if that fails. */
  readonly #storing = new Map<string, { stored: Message | undefined; writes: number }>()
  /** Of all tenants. */
  readonly #node = { messages: 0, bytes: 0 }

  constructor(
    table: Table | undefined,
    options: { schedule: Schedule; limits: RetainedLimits; memory: Memory; counters: Counters },
  ) {
    const { schedule, limits, memory, counters } = options
    this.#table = table
    this.#schedule = schedule
    this.#limits = limits
    this.#memory = memory
    counters.gauge('retained_messages', () => this.#node.messages)
    counters.gauge('retained_bytes', () => this.#node.bytes)
  }

  /** Brings back what the table holds; what has expired meanwhile leaves it. */
  async recover(): Promise<void> {
    if (!this.#table) return
    for await (const row of this.#table.range('')) {
      const tenant = row.key.slice(0, row.key.indexOf('\0'))
      this.#put(tenant, readMessage(new ByteReader(row.value)))
    }
  }

  /** @throws BrokerError LIMIT_REACHED when the message may not be added. */
  #check(tenant: Tenant, before: Message | undefined, message: Message): void {
    const bytes = message.payloadBytes
    const { retainedMessages, retainedBytes, retainedMessageBytes } = this.#limits
    if (retainedMessageBytes > 0 && bytes > retainedMessageBytes)
      throw limitReached('retained messages', 'retainedMessageBytes', retainedMessageBytes)
    const messages = before ? 0 : 1
    const more = bytes - (before?.payloadBytes ?? 0)
    const reaches = (limit: number, held: number, added: number) => limit > 0 && added > 0 && held + added > limit
    if (reaches(retainedMessages, tenant.messages, messages))
      throw limitReached('retained messages', 'retainedMessages', retainedMessages)
    if (reaches(retainedBytes, tenant.bytes, more))
      throw limitReached('retained messages', 'retainedBytes', retainedBytes)
    const { nodeRetainedMessages, nodeRetainedBytes } = this.#limits
    if (reaches(nodeRetainedMessages, this.#node.messages, messages))
      throw limitReached('retained messages', 'nodeRetainedMessages', nodeRetainedMessages)
    if (reaches(nodeRetainedBytes, this.#node.bytes, more))
      throw limitReached('retained messages', 'nodeRetainedBytes', nodeRetainedBytes)
    const { retained } = this.#memory.parts
    const moreMemory = this.#memoryOf(message) - (before ? this.#memoryOf(before) : 0)
    if (moreMemory <= 0 || moreMemory <= retained.freeBytes) return
    this.#memory.refuse('retained')
    throw limitReached('retained messages', 'memory', this.#memory.limitBytes)
  }

  /**
   * Sets, or with an empty payload clears, the topic's message. Effective at once; resolves when it is durable.
   * @throws BrokerError LIMIT_REACHED
   */
  store(tenantName: string, message: Message): Promise<unknown> | undefined {
    const { topic } = message
    const tenant = this.#tenant(tenantName)
    const levels = levelsOf(topic)
    const place = tenant.tree.at(levels)
    const before = place && messageAt(place)
    if (message.payloadBytes === 0) {
      // Cleared already, but not for certain: the clearing that is being stored may fail, and then this one holds.
      const unsure = this.#storing.has(`${tenantName}\0${topic}`)
      return this.#remove(tenantName, topic) || unsure ? this.#write(tenantName, topic, before, undefined) : undefined
    }
    this.#check(tenant, before, message)
    const kept = message.packed()
    this.#took(tenantName, kept, tenant.tree.put(kept, levels, place))
    // Declared to be of the moment although its delivery is assured: it would be wrong after a restart.
    if (message.guarantee > 0 && message.durability === 'none') return undefined
    return this.#write(tenantName, topic, before, kept)
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
    const ended = () => {
      if (write === storing.writes) this.#storing.delete(key)
    }
    written.then(
      () => {
        storing.stored = after
        ended()
      },
      () => {
        const isNewest = write === storing.writes && this.get(tenantName, topic) === after
        if (isNewest) this.#remove(tenantName, topic)
        if (isNewest && storing.stored) this.#put(tenantName, storing.stored)
        ended()
      },
    )
    return written
  }

  get(tenantName: string, topic: string): Message | undefined {
    return this.#tenants.get(tenantName)?.tree.get(topic)
  }

  /** See `TopicTree.match`. */
  match(tenantName: string, filter: string): IterableIterator<Message | undefined, undefined> {
    const tenant = this.#tenants.get(tenantName)
    // Every subscription asks, and most tenants of most protocols retain nothing.
    return tenant && tenant.messages > 0 ? tenant.tree.match(filter) : nothing
  }

  /** Topics of clients that hold a message: none that begins with `$`. */
  countOf(tenantName: string): number {
    const tenant = this.#tenants.get(tenantName)
    return tenant ? tenant.messages - tenant.ownMessages : 0
  }

  /** For lists: see `TopicTree.survey`. */
  survey(tenantName: string, filter: string, survey: Survey): Iterable<void> {
    return this.#tenants.get(tenantName)?.tree.survey(filter, survey) ?? []
  }

  /** See `TopicTree.surveyLevel`. */
  surveyLevel(tenantName: string, topic: string | undefined, survey: LevelSurvey): Iterable<void> {
    return this.#tenants.get(tenantName)?.tree.surveyLevel(topic, survey) ?? []
  }

  #put(tenantName: string, message: Message): void {
    this.#took(tenantName, message, this.#tenant(tenantName).tree.set(message))
  }

  /** A message has its place, which `before` had. */
  #took(tenantName: string, message: Message, before: Message | undefined): void {
    this.#account(this.#tenant(tenantName), before, message)
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
    const more = (after ? 1 : 0) - (before ? 1 : 0)
    if ((after ?? before)?.topic.startsWith('$')) tenant.ownMessages += more
    for (const account of [tenant, this.#node]) {
      account.messages += more
      account.bytes += (after?.payloadBytes ?? 0) - (before?.payloadBytes ?? 0)
    }
    this.#memory.parts.retained.take((after ? this.#memoryOf(after) : 0) - (before ? this.#memoryOf(before) : 0))
    if (!before) return
    this.#expiries.get(before)?.cancel()
    this.#expiries.delete(before)
  }

  /** A message and its place among the topics; where it is stored, the table has its own in memory. */
  #memoryOf(message: Message): number {
    const { topic, payloadBytes } = message
    return costOf(message) + placeBytes + (this.#table ? rowBytes + topic.length + payloadBytes : 0)
  }

  #expire(tenantName: string, message: Message): void {
    if (this.get(tenantName, message.topic) !== message) return
    this.#remove(tenantName, message.topic)
    // When this row cannot be removed now, the next start removes it: it has expired then, too.
    this.#table?.write([{ key: `${tenantName}\0${message.topic}`, value: undefined }]).catch(() => {})
  }

  #tenant(name: string): Tenant {
    let tenant = this.#tenants.get(name)
    if (!tenant) this.#tenants.set(name, (tenant = { tree: new TopicTree(), messages: 0, ownMessages: 0, bytes: 0 }))
    return tenant
  }
}
