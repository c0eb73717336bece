import {
  type BridgeConnection,
  type BridgeHost,
  type BridgePlugin,
  type BridgeUse,
  type Rung,
  type TestTarget,
  tlsClientOptions,
} from '../../kernel/plugin.ts'
import { asConfiguration, checkCompression, checkTopic, readTls } from './checks.ts'
import { Cluster } from './client/cluster.ts'
import { type ClientSettings, readServiceUrl } from './client/settings.ts'
import { fullTopicName } from './client/topic-name.ts'
import { ItemPress } from './egress/item.ts'
import { PulsarSink } from './egress/sink.ts'
import { PulsarSource } from './ingress/source.ts'
import { climbPulsar } from './ladder.ts'
import {
  deliveryOptions,
  fromOptions,
  maxFrameOption,
  type PulsarDelivery,
  type PulsarFrom,
  type PulsarOptions,
  type PulsarTo,
  timeoutOptions,
  tokenOption,
  toOptions,
  urlOption,
} from './options.ts'
import { WebSocketConnection } from './websocket/connection.ts'

/** To and from Apache Pulsar, by its binary protocol. */
export const pulsar: BridgePlugin<PulsarOptions, PulsarTo, PulsarFrom, PulsarDelivery> = {
  kind: 'bridge',
  name: 'pulsar',
  api: 1,
  describe: 'To and from Apache Pulsar, by its binary protocol or through its WebSocket proxy.',
  options: {
    url: urlOption,
    token: tokenOption,
    tls: { type: 'object', fields: tlsClientOptions, describe: 'TLS, for pulsar+ssl:// and wss://.' },
    ...timeoutOptions,
    maxFrame: maxFrameOption,
  },
  to: toOptions,
  delivery: deliveryOptions,
  from: fromOptions,
  open: async (host, options) =>
    /^wss?:/.test(options.url) ? new WebSocketConnection(host, options) : new PulsarConnection(host, options),
}

/** All bridges of a connection share one TCP connection to each broker. */
class PulsarConnection implements BridgeConnection<PulsarTo, PulsarFrom, PulsarDelivery> {
  readonly #host: BridgeHost
  readonly #settings: ClientSettings
  readonly #cluster: Cluster

  constructor(host: BridgeHost, options: PulsarOptions) {
    this.#host = host
    this.#settings = settingsOf(options)
    this.#cluster = new Cluster(this.#settings, host)
  }

  egress(to: PulsarTo, delivery: PulsarDelivery): PulsarSink {
    const { batches, compression, hash, partition } = delivery
    checkCompression(compression)
    if (to.topic.constant !== undefined) checkTopic('to.topic', to.topic.constant)
    const spread = partition.constant === 'round-robin' ? 'turn' : 'key'
    return new PulsarSink(this.#cluster, new ItemPress(to, delivery), { batches, compression, hash, spread })
  }

  ingress({ topic, subscription, type, from, queue, queueBytes }: PulsarFrom, { bridge }: BridgeUse): PulsarSource {
    const { node, clock, logger, counters } = this.#host
    return new PulsarSource(this.#cluster, {
      ...{ subscription, type, from, clock, logger },
      topic: checkTopic('ingress.topic', topic),
      name: `${node}-${bridge}`,
      maxMessages: queue,
      maxBytes: queueBytes,
      unreadable: counters.counter('bridge_unreadable', { bridge }),
    })
  }

  test(target: TestTarget<PulsarTo, PulsarFrom>, signal: AbortSignal): AsyncIterable<Rung> {
    const topic = target.from?.topic ?? target.to?.topic.constant
    return climbPulsar(this.#settings, this.#host, topic === undefined ? undefined : fullTopicName(topic), signal)
  }

  async close(): Promise<void> {
    this.#cluster.close()
  }
}

function settingsOf(options: PulsarOptions): ClientSettings {
  const { url, tls, token, connectTimeout, timeout } = options
  const { secure, service } = asConfiguration('url', () => readServiceUrl(url))
  return {
    ...{ service, token },
    tls: readTls(options, secure),
    servername: tls?.servername,
    connectMs: connectTimeout,
    requestMs: timeout,
  }
}
