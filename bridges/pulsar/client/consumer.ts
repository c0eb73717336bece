import type { Clock } from '../../../kernel/plugin.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { goodByeMs, settledWithin } from './deferred.ts'
import type { MessageId } from './grammar.ts'
import type { Entry } from './incoming.ts'
import { PulsarError, serverError } from './pulsar-error.ts'

/** In the order of their numbers on the wire. */
export const subscriptionTypes = ['exclusive', 'shared', 'failover', 'key_shared'] as const
export type SubscriptionType = (typeof subscriptionTypes)[number]

export interface ConsumerOptions {
  readonly topic: string
  readonly subscription: string
  readonly type: SubscriptionType
  /** Where a new subscription begins. */
  readonly from: 'earliest' | 'latest'
  readonly name?: string | undefined
  /** How many messages, and about how many bytes of them, may be under way to us or not released. */
  readonly maxMessages: number
  readonly maxBytes: number
  readonly onEntry: (entry: Entry) => void
  readonly onClosed: (error: PulsarError) => void
}

/** Before their size is known, so few that even the largest fit. */
const firstPermits = 20

/** Reads one topic, or one partition, over one connection. It ends once; then another is opened. */
export class Consumer {
  readonly topic: string
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #options: ConsumerOptions
  #id = 0
  #ended: PulsarError | undefined
  /** Granted and not used up; a batch may use more than was left. */
  #granted = 0
  /** Used up by what is not released yet. */
  #held = 0
  #bytesPerMessage = 0

  private constructor(connection: Connection, clock: Clock, options: ConsumerOptions) {
    this.topic = options.topic
    this.#clock = clock
    this.#connection = connection
    this.#options = options
  }

  /** @throws PulsarError */
  static async open(cluster: Cluster, options: ConsumerOptions, signal: AbortSignal): Promise<Consumer> {
    const { topic, subscription, type, from, name } = options
    const connection = await cluster.ownerOf(topic, signal)
    const consumer = new Consumer(connection, cluster.host.clock, options)
    consumer.#id = connection.addConsumer({
      onEntry: entry => consumer.#onEntry(entry),
      onClosed: error => consumer.#fail(error),
    })
    try {
      await connection.request(
        'subscribe',
        {
          topic,
          subscription,
          subType: subscriptionTypes.indexOf(type),
          consumerId: consumer.#id,
          initialPosition: from === 'earliest' ? 1 : 0,
          ...(name === undefined ? {} : { consumerName: name }),
        },
        'success',
        `subscription "${subscription}" of ${topic}`,
      )
    } catch (error) {
      connection.removeConsumer(consumer.#id)
      throw error
    }
    consumer.#grant(Math.min(firstPermits, options.maxMessages))
    return consumer
  }

  get ended(): PulsarError | undefined {
    return this.#ended
  }

  /** An entry has been taken on: there is room for more. */
  release(entry: Entry): void {
    this.#held -= entry.permits
    const { maxMessages, maxBytes } = this.#options
    const byBytes = this.#bytesPerMessage === 0 ? maxMessages : Math.ceil(maxBytes / this.#bytesPerMessage)
    const window = Math.max(1, Math.min(maxMessages, byBytes))
    const room = window - this.#held - this.#granted
    // Not for every message: a command of its own for each would cost more than the message.
    if (room >= Math.max(1, window >>> 1)) this.#grant(room)
  }

  /**
   * Tells that these entries will not be needed again; cumulative: nor any before the last of them. Resolves when the
   * broker has taken note. @throws PulsarError
   */
  async acknowledge(ids: readonly MessageId[], kind: 'individual' | 'cumulative'): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    const what = `acknowledgement for ${this.topic}`
    const messageId = kind === 'cumulative' ? ids.slice(-1) : ids
    const ack = { consumerId: this.#id, ackType: kind === 'cumulative' ? 1 : 0, messageId }
    const { error, message } = await this.#connection.request('ack', ack, 'ackResponse', what)
    if (error !== undefined) throw serverError(error, message, what)
  }

  /** Asks for entries again that were not acknowledged; all of them, if none is named. */
  redeliver(messageIds: readonly MessageId[] = []): void {
    this.#connection.tell('redeliver', { consumerId: this.#id, messageIds })
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    const what = `closing ${this.topic}`
    const end = this.#connection.request('closeConsumer', { consumerId: this.#id }, 'success', what)
    this.#connection.removeConsumer(this.#id)
    this.#ended = new PulsarError('CLOSED', `the consumer of ${this.topic} was closed`)
    await settledWithin(this.#clock, goodByeMs, end)
  }

  #onEntry(entry: Entry): void {
    this.#held += entry.permits
    // What cannot even be counted may have used up all.
    this.#granted = entry.unreadable === undefined ? this.#granted - entry.permits : Math.min(0, this.#granted)
    const bytes = entry.bytes / entry.permits
    // Rises at once and sinks slowly: a few large ones must not find the window of small ones.
    this.#bytesPerMessage = Math.max(bytes, this.#bytesPerMessage - (this.#bytesPerMessage - bytes) / 16)
    this.#options.onEntry(entry)
  }

  #grant(messagePermits: number): void {
    this.#granted += messagePermits
    this.#connection.tell('flow', { consumerId: this.#id, messagePermits })
  }

  #fail(error: PulsarError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#options.onClosed(error)
  }
}
