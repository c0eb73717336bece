import {
  type BridgeConnection,
  type BridgeHost,
  type BridgeUse,
  BrokerError,
  climb,
  type Rung,
  reach,
  type TestTarget,
} from '../../../kernel/plugin.ts'
import { checkTopic, readTls } from '../checks.ts'
import { ItemPress } from '../egress/item.ts'
import { mended } from '../ladder.ts'
import type { PulsarDelivery, PulsarFrom, PulsarOptions, PulsarTo } from '../options.ts'
import { WebSocketSink } from './sink.ts'
import { Socket, topicPath, type WebSocketSettings } from './socket.ts'
import { WebSocketSource } from './source.ts'

/** Where Pulsar serves the API. */
const defaultPath = '/ws/v2'
const ports = { 'ws:': 80, 'wss:': 443 } as const

/** ws:// and wss://: the same bridges through Pulsar's WebSocket API. */
export class WebSocketConnection implements BridgeConnection<PulsarTo, PulsarFrom, PulsarDelivery> {
  readonly #host: BridgeHost
  readonly #url: URL
  readonly #settings: WebSocketSettings

  constructor(host: BridgeHost, options: PulsarOptions) {
    this.#host = host
    this.#url = readUrl(options.url)
    const { origin, pathname } = this.#url
    const base = `${origin}${pathname === '/' ? defaultPath : pathname.replace(/\/$/, '')}`
    const { servername } = options.tls ?? {}
    const tls = readTls(options, this.#url.protocol === 'wss:')
    this.#settings = {
      base,
      tls: tls && { ...tls, ...(servername === undefined ? {} : { servername }) },
      token: options.token,
      connectMs: options.connectTimeout,
      requestMs: options.timeout,
      maxFrameBytes: options.maxFrame,
    }
  }

  egress(to: PulsarTo, delivery: PulsarDelivery): WebSocketSink {
    const { compression, hash, partition, batches } = delivery
    if (partition.constant !== 'key') throw unspoken('delivery.partition', 'the key chooses the partition')
    if (batches !== 'mixed') throw unspoken('delivery.batches', 'Pulsar makes the batches')
    if (to.orderingKey !== undefined) throw unspoken('to.orderingKey', 'there is only the key')
    if (to.topic.constant !== undefined) checkTopic('to.topic', to.topic.constant)
    return new WebSocketSink(this.#settings, this.#host, new ItemPress(to, delivery), { compression, hash })
  }

  ingress({ topic, subscription, type, from }: PulsarFrom, { bridge }: BridgeUse): WebSocketSource {
    const name = `${this.#host.node}-${bridge}`
    const options = { topic: checkTopic('ingress.topic', topic), subscription, type, from, name }
    return new WebSocketSource(this.#settings, this.#host, options)
  }

  async *test(target: TestTarget<PulsarTo, PulsarFrom>, signal: AbortSignal): AsyncGenerator<Rung> {
    const { hostname, port, protocol } = this.#url
    const host = hostname.replace(/^\[|\]$/g, '')
    const { tls } = this.#settings
    const at = { host, port: Number(port || ports[protocol as keyof typeof ports]), tls }
    if (!(yield* reach(at, this.#host.clock, signal))) return
    const name = target.from?.topic ?? target.to?.topic.constant
    if (name === undefined) return
    const topic = checkTopic('topic', name)
    const rung = await climb('topic', this.#host.clock, async () => {
      const end = { onMessage: () => {}, onClosed: () => {} }
      const socket = await Socket.open(`/producer/${topicPath(topic)}`, this.#settings, this.#host, end, signal)
      socket.close()
      return `${topic} takes messages`
    })
    yield mended(rung, this.#settings)
  }

  async close(): Promise<void> {}
}

function readUrl(url: string): URL {
  try {
    const read = new URL(url)
    if (read.hostname !== '' && read.username === '' && read.search === '') return read
  } catch {}
  throw new BrokerError('CONFIG_INVALID', `url: "${url}" is no address. Mend: write ws://host:8080 or wss://host:8443`)
}

function unspoken(option: string, why: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', `${option}: cannot be chosen over the WebSocket API, where ${why}`)
}
