import type { BridgeSink, Rejected, Scope } from '../../../kernel/plugin.ts'
import { raced } from '../client/cluster.ts'
import type { Compression } from '../client/compression.ts'
import { Deferred } from '../client/deferred.ts'
import type { KeyHash } from '../client/key-hash.ts'
import { PulsarError } from '../client/pulsar-error.ts'
import type { ClientHost } from '../client/settings.ts'
import { groupByTopic, type Item, type ItemPress } from '../egress/item.ts'
import { Outcome } from '../egress/outcome.ts'
import { Socket, tooLargeCode, topicPath, type WebSocketSettings } from './socket.ts'

/** Pulsar's producer behind the WebSocket takes 1,000 by default. */
const maxUnderWay = 500
/** Topics that one bridge writes to at a time. */
const maxTopics = 100

export interface WebSocketSinkOptions {
  readonly compression: Compression
  readonly hash: KeyHash
}

/** Writes through Pulsar's WebSocket API: message by message, so slowly; it is for where nothing else gets through. */
export class WebSocketSink implements BridgeSink<Item> {
  readonly #settings: WebSocketSettings
  readonly #host: ClientHost
  readonly #press: ItemPress
  readonly #options: WebSocketSinkOptions
  readonly #writers = new Map<string, Promise<TopicSocket>>()

  constructor(settings: WebSocketSettings, host: ClientHost, press: ItemPress, options: WebSocketSinkOptions) {
    this.#settings = settings
    this.#host = host
    this.#press = press
    this.#options = options
  }

  prepare(scope: Scope): Item | Rejected {
    return this.#press.press(scope)
  }

  bytesOf(item: Item): number {
    return item.bytes
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<void> {
    const outcome = new Outcome(items.length)
    const topics = [...groupByTopic(items)].map(async ([topic, indexes]) => {
      let writer: TopicSocket
      try {
        writer = await this.#writer(topic, signal)
      } catch (error) {
        outcome.fail(indexes, error)
        return
      }
      await writer.send(indexes, items, outcome)
    })
    await raced(Promise.all(topics), signal).catch(error => outcome.cut(error, signal))
    outcome.settle()
  }

  async close(): Promise<void> {
    for (const writer of this.#writers.values()) writer.then(one => one.close()).catch(() => {})
    this.#writers.clear()
  }

  async #writer(topic: string, signal: AbortSignal): Promise<TopicSocket> {
    const known = await this.#writers.get(topic)
    if (known !== undefined && known.ended === undefined) return known
    const [oldest] = this.#writers.keys()
    if (known === undefined && this.#writers.size >= maxTopics && oldest !== undefined) {
      void this.#writers.get(oldest)?.then(one => one.close())
      this.#writers.delete(oldest)
    }
    const opening = TopicSocket.open(topic, this.#settings, this.#host, this.#options, signal)
    this.#writers.set(topic, opening)
    opening.catch(() => this.#writers.delete(topic))
    return opening
  }
}

/** A producer behind a WebSocket. */
class TopicSocket {
  readonly #host: ClientHost
  readonly #settings: WebSocketSettings
  readonly #waiting = new Map<string, Deferred<void>>()
  #socket: Socket | undefined
  #next = 0
  ended: PulsarError | undefined
  #endCode = 0

  private constructor(settings: WebSocketSettings, host: ClientHost) {
    this.#settings = settings
    this.#host = host
  }

  static async open(
    topic: string,
    settings: WebSocketSettings,
    host: ClientHost,
    { compression, hash }: WebSocketSinkOptions,
    signal: AbortSignal,
  ): Promise<TopicSocket> {
    const query = new URLSearchParams({
      sendTimeoutMillis: String(settings.requestMs),
      batchingEnabled: 'true',
      batchingMaxMessages: '1000',
      batchingMaxPublishDelay: '1',
      messageRoutingMode: 'RoundRobinPartition',
      hashingScheme: hash === 'java' ? 'JavaStringHash' : 'Murmur3_32Hash',
      ...(compression === 'none' ? {} : { compressionType: compression.toUpperCase() }),
    })
    const opened = new TopicSocket(settings, host)
    const path = `/producer/${topicPath(topic)}?${query}`
    opened.#socket = await Socket.open(
      path,
      settings,
      host,
      {
        onMessage: ack => opened.#onAck(ack),
        onClosed: (error, code) => opened.#end(error, code),
      },
      signal,
    )
    return opened
  }

  /** In order; after one that has to be repeated, nothing more is begun. */
  async send(indexes: readonly number[], items: readonly Item[], outcome: Outcome): Promise<void> {
    const underWay: Promise<void>[] = []
    let stopped = false
    for (const index of indexes) {
      if (stopped) break
      if (underWay.length >= maxUnderWay) await underWay.splice(0, 1)[0]
      const item = items[index] as Item
      const one = this.#sendOne(item).then(
        () => outcome.take([index]),
        error => {
          if (outcome.fail([index], error) === 'repeated') stopped = true
        },
      )
      underWay.push(one)
    }
    await Promise.all(underWay)
  }

  close(): void {
    this.#socket?.close()
  }

  async #sendOne({ value, key, properties, eventTime, bytes }: Item): Promise<void> {
    if (this.ended !== undefined) throw this.ended
    const context = String(this.#next++)
    const ack = new Deferred<void>()
    this.#waiting.set(context, ack)
    const { requestMs } = this.#settings
    const cancelTimer = this.#host.clock.after(requestMs, () => {
      this.#end(new PulsarError('TIMEOUT', `no acknowledgement within ${requestMs} ms`), 0)
      this.close()
    })
    try {
      this.#socket?.send({
        payload: Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'),
        properties: Object.fromEntries(properties?.pairs ?? []),
        context,
        ...(key === undefined ? {} : { key }),
        ...(eventTime === undefined ? {} : { eventTime: new Date(eventTime).toISOString() }),
      })
      await ack.promise
    } catch (error) {
      // Closed for a frame that was too large, by a server that takes less than we were told: it can only be a large one.
      if (this.#endCode !== tooLargeCode || bytes * base64Growth < leastTooLargeBytes) throw error
      throw new PulsarError('TOO_LARGE', `${bytes} bytes are more than the WebSocket API takes`)
    } finally {
      cancelTimer()
      this.#waiting.delete(context)
    }
  }

  #onAck({ result, errorMsg, context }: Readonly<Record<string, unknown>>): void {
    const waiting = this.#waiting.get(String(context))
    if (waiting === undefined) return
    if (result === 'ok') waiting.resolve()
    else waiting.reject(ackError(String(errorMsg ?? result)))
  }

  #end(error: PulsarError, code: number): void {
    this.#endCode = code
    this.ended ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}

const base64Growth = 4 / 3
/** Smaller frames are taken by every server. */
const leastTooLargeBytes = 256 * 1024

function ackError(text: string): PulsarError {
  const reason = text.slice(0, 200)
  if (/size|too large|larger/i.test(text)) return new PulsarError('TOO_LARGE', reason)
  if (/authoriz/i.test(text)) return new PulsarError('AuthorizationError', reason)
  return new PulsarError('UnknownError', `not taken: ${reason}`)
}
