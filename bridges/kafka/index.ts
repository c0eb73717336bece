import type { BridgeConnection, BridgeHost, BridgePlugin, BridgeUse, Rung, TestTarget } from '../../kernel/plugin.ts'
import { BrokerError, readTlsClient, servernameOf } from '../../kernel/plugin.ts'
import { Cluster } from './cluster.ts'
import { ItemPress } from './egress/item.ts'
import { KafkaSink } from './egress/sink.ts'
import { KafkaSource } from './ingress/source.ts'
import { climbLadder } from './ladder.ts'
import type { KafkaDelivery, KafkaFrom, KafkaOptions, KafkaTo } from './options.ts'
import { connectionOptions, deliveryOptions, fromOptions, toOptions } from './options.ts'
import { loginOf } from './security.ts'
import { connect } from './wire/driver.ts'
import type { Address, LinkOptions } from './wire/link.ts'
import type { Login } from './wire/sasl.ts'

export type { KafkaDelivery, KafkaFrom, KafkaOptions, KafkaTo } from './options.ts'

const defaultPort = 9092

/** Apache Kafka 3.0 and later, and what speaks its protocol: both ways. */
export const kafka: BridgePlugin<KafkaOptions, KafkaTo, KafkaFrom, KafkaDelivery> = {
  kind: 'bridge',
  name: 'kafka',
  api: 1,
  describe: 'Apache Kafka 3.0 and later, and what speaks its protocol: both ways.',
  options: connectionOptions,
  to: toOptions,
  delivery: deliveryOptions,
  from: fromOptions,
  async open(host, options) {
    return new KafkaConnection(host, options)
  },
}

class KafkaConnection implements BridgeConnection<KafkaTo, KafkaFrom, KafkaDelivery> {
  readonly #host: BridgeHost
  readonly #options: KafkaOptions
  readonly #bootstrap: readonly Address[]
  readonly #login: Login | undefined

  constructor(host: BridgeHost, options: KafkaOptions) {
    this.#host = host
    this.#options = options
    this.#bootstrap = options.brokers.map(addressOf)
    if (this.#bootstrap.length === 0) throw new BrokerError('CONFIG_INVALID', 'kafka: brokers needs at least one')
    this.#login = options.sasl && loginOf(options.sasl, host.clock)
    if (options.tls !== undefined) readTlsClient(options.tls, 'kafka')
  }

  egress(to: KafkaTo, delivery: KafkaDelivery, _use: BridgeUse): KafkaSink {
    const { partition } = delivery
    const strategy = partition?.constant ?? (partition === undefined ? 'key' : undefined)
    if (strategy !== undefined && strategy !== 'key' && strategy !== 'round-robin' && !/^\d+$/.test(strategy)) {
      const message = `kafka: delivery.partition is key, round-robin or a number, not ${JSON.stringify(strategy)}`
      throw new BrokerError('CONFIG_INVALID', message)
    }
    const chosen = strategy === 'key' || strategy === 'round-robin'
    const press = new ItemPress({
      topic: to.topic,
      key: to.key,
      value: to.value,
      headers: to.headers ?? {},
      forwardHeaders: to.forwardHeaders ?? false,
      tombstones: to.tombstones ?? false,
      partition: chosen ? undefined : partition,
    })
    return new KafkaSink(this.#cluster(), press, {
      clock: this.#host.clock,
      logger: this.#host.logger,
      compression: delivery.compression ?? 'none',
      spread: strategy === 'round-robin' ? 'turn' : 'key',
      createTopics: to.createTopics ?? false,
      withinMs: this.#options.timeout ?? 5_000,
    })
  }

  ingress(from: KafkaFrom, _use: BridgeUse): KafkaSource {
    return new KafkaSource(this.#cluster(), {
      topic: from.topic,
      group: from.group,
      from: from.from ?? 'latest',
      sessionMs: from.sessionTimeout ?? 10_000,
      rebalanceMs: from.rebalanceTimeout ?? 30_000,
      fetchBytes: from.fetchBytes ?? 1_048_576,
      clock: this.#host.clock,
      logger: this.#host.logger,
    })
  }

  async *test(target: TestTarget<KafkaTo, KafkaFrom>, signal: AbortSignal): AsyncGenerator<Rung> {
    const topic = target.to?.topic.constant ?? target.from?.topic
    yield* climbLadder({ bootstrap: this.#bootstrap, topic, options: this.#linkOptions() }, signal)
  }

  /** Sinks and sources have connections of their own, which they close. */
  async close(): Promise<void> {}

  #cluster(): Cluster {
    const options = this.#linkOptions()
    const { clock } = this.#host
    return new Cluster({ bootstrap: this.#bootstrap, clock, connect: address => connect(address, options) })
  }

  #linkOptions(): LinkOptions {
    const { clientId, tls, connectTimeout } = this.#options
    return {
      clock: this.#host.clock,
      clientId: clientId ?? 'robustmq',
      tls: tls && (host => ({ ...readTlsClient(tls, 'kafka'), servername: servernameOf(tls, host) })),
      login: this.#login,
      connectWithinMs: connectTimeout ?? 3_000,
    }
  }
}

/** @throws BrokerError CONFIG_INVALID */
function addressOf(text: string): Address {
  const [, six, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = six ?? name
  const number = port === undefined ? defaultPort : Number(port)
  if (host !== undefined && number > 0 && number < 65_536) return { host, port: number }
  throw new BrokerError('CONFIG_INVALID', `kafka: brokers: ${JSON.stringify(text)} is not host:port`)
}
