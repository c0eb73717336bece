import {
  BridgeFailure,
  type BridgeSource,
  type Header,
  type SourceBatch,
  type SourceRecord,
} from '../../../kernel/plugin.ts'
import { subscriptionTypes } from '../client/consumer.ts'
import { asPulsarError, PulsarError } from '../client/pulsar-error.ts'
import type { ClientHost } from '../client/settings.ts'
import type { SourceOptions } from '../ingress/source.ts'
import { Socket, topicPath, type WebSocketSettings } from './socket.ts'

/** The API's names of `subscriptionTypes`. */
const typeNames = ['Exclusive', 'Shared', 'Failover', 'Key_Shared'] as const
/** Asked for at once; the API gives no more than that. */
const permits = 500

type WebSocketSourceOptions = Pick<SourceOptions, 'topic' | 'subscription' | 'type' | 'from' | 'name'>

/** Reads through Pulsar's WebSocket API, all partitions of a topic as one. */
export class WebSocketSource implements BridgeSource {
  readonly #settings: WebSocketSettings
  readonly #host: ClientHost
  readonly #options: WebSocketSourceOptions

  constructor(settings: WebSocketSettings, host: ClientHost, options: WebSocketSourceOptions) {
    this.#settings = settings
    this.#host = host
    this.#options = options
  }

  async *read(signal: AbortSignal, ready: () => void): AsyncGenerator<SourceBatch> {
    const { topic, subscription, type, from, name } = this.#options
    const query = new URLSearchParams({
      subscriptionType: typeNames[subscriptionTypes.indexOf(type)] ?? 'Failover',
      subscriptionInitialPosition: from === 'earliest' ? 'Earliest' : 'Latest',
      consumerName: name,
      receiverQueueSize: String(permits),
      pullMode: 'true',
    })
    const path = `/consumer/${topicPath(topic)}/${encodeURIComponent(subscription)}?${query}`
    const state: { waiting: SourceRecord[]; failure?: PulsarError; wake(): void } = { waiting: [], wake() {} }
    const wake = () => state.wake()
    let socket: Socket | undefined
    signal.addEventListener('abort', wake)
    try {
      const end = {
        onMessage: (message: Readonly<Record<string, unknown>>) => {
          try {
            state.waiting.push(recordOf(message, topic))
          } catch (error) {
            state.failure = asPulsarError(error)
          }
          wake()
        },
        onClosed: (error: PulsarError) => {
          state.failure = error
          wake()
        },
      }
      socket = await Socket.open(path, this.#settings, this.#host, end, signal)
      const reader = socket
      ready()
      reader.send({ type: 'permit', permitMessages: permits })
      while (!signal.aborted) {
        const records = state.waiting
        if (records.length > 0) {
          state.waiting = []
          yield {
            records,
            stored: () => {
              for (const { id } of records) reader.send({ messageId: id })
            },
          }
          reader.send({ type: 'permit', permitMessages: records.length })
        } else if (state.failure !== undefined) throw state.failure
        else {
          await new Promise<void>(resolve => {
            state.wake = resolve
          })
        }
      }
    } catch (error) {
      if (signal.aborted) return
      const failure = asPulsarError(error)
      const wants = failure.wants === 'repeat' ? 'repeat' : 'mend'
      throw new BridgeFailure(failure.message, { wants, cause: error })
    } finally {
      signal.removeEventListener('abort', wake)
      socket?.close()
    }
  }

  async close(): Promise<void> {}
}

/** @throws PulsarError PROTOCOL for what is no message */
function recordOf(message: Readonly<Record<string, unknown>>, topic: string): SourceRecord {
  const { messageId, payload, key, properties, publishTime, eventTime } = message
  if (typeof messageId !== 'string' || typeof payload !== 'string') {
    throw new PulsarError('PROTOCOL', 'the WebSocket API sent a message without its number or its payload')
  }
  const at = Date.parse(typeof eventTime === 'string' ? eventTime : String(publishTime))
  return {
    topic,
    key: typeof key === 'string' ? key : undefined,
    value: Buffer.from(payload, 'base64'),
    headers: Object.entries(properties ?? {}).map(([name, value]): Header => [name, String(value)]),
    timestamp: Number.isNaN(at) ? undefined : at,
    id: messageId,
  }
}
