import type { Connection, Protocol, ProtocolHost, ProtocolPlugin } from '../../kernel/plugin.ts'
import type { MqttCounters, MqttHost } from './connection/client.ts'
import { MqttConnection } from './connection/mqtt-connection.ts'
import { type MqttOptions, mqttOptions } from './options.ts'
import { BirthCertificates } from './sparkplug/birth-certificates.ts'
import { EventTopics } from './status/event-topics.ts'
import { StatusTopics } from './status/status-topics.ts'
import { Rewriter } from './topics/rewriter.ts'

/** MQTT 3.1, 3.1.1 and 5.0. */
export const mqtt: ProtocolPlugin<MqttOptions> = {
  kind: 'protocol',
  name: 'mqtt',
  api: 1,
  options: mqttOptions,
  open: async (host, options) => new Mqtt(host, options, await Rewriter.open(options.rewrite)),
}

class Mqtt implements Protocol {
  readonly websocket = { subprotocols: ['mqtt', 'mqttv3.1'], path: '/mqtt' }
  #shared: MqttHost
  #leading = false
  #events: EventTopics | undefined
  #status: StatusTopics | undefined

  constructor(host: ProtocolHost, options: MqttOptions, rewriter: Rewriter) {
    this.#shared = {
      host,
      options,
      rewriter,
      births: birthsOf(host, options),
      counters: countersOf(host),
      connections: new Set(),
    }
  }

  serve(connection: Connection): undefined {
    new MqttConnection(this.#shared, connection).serve()
  }

  lead(): void {
    this.#leading = true
    this.#tell()
  }

  /** Connections live by the options they began with: what they were told at CONNACK holds, and so do their topics. */
  async reload(given: unknown): Promise<void> {
    const options = given as MqttOptions
    const { host } = this.#shared
    const rewriter = await Rewriter.open(options.rewrite)
    this.#shared = { ...this.#shared, options, rewriter, births: birthsOf(host, options) }
    if (this.#leading) this.#tell()
  }

  /** Status and events as topics: of the whole node, so one process does it. */
  #tell(): void {
    const { host, options } = this.#shared
    this.#events?.close()
    this.#events = new EventTopics(host, options)
    if (this.#status) this.#status.every(options.sysInterval)
    else if (options.sysInterval > 0) this.#status = new StatusTopics(host, options.sysInterval)
  }

  inspect(): Record<string, unknown> {
    return { connections: this.#shared.connections.size }
  }

  async close(): Promise<void> {
    for (const client of this.#shared.connections) client.shutdown()
    this.#events?.close()
    this.#status?.close()
  }
}

function birthsOf(host: ProtocolHost, { sparkplug }: MqttOptions): BirthCertificates | undefined {
  return sparkplug ? new BirthCertificates(host) : undefined
}

function countersOf({ counters }: ProtocolHost): MqttCounters {
  return {
    connectsReceived: counters.counter('mqtt_connects_received'),
    packetsReceived: counters.counter('mqtt_packets_received'),
    packetsSent: counters.counter('mqtt_packets_sent'),
    publishesReceived: counters.counter('mqtt_publishes_received'),
    publishesSent: counters.counter('mqtt_publishes_sent'),
    publishesDropped: counters.counter('mqtt_publishes_dropped'),
    malformed: counters.counter('mqtt_malformed_packets'),
    payloadReceived: counters.counter('mqtt_payload_received_bytes'),
    payloadSent: counters.counter('mqtt_payload_sent_bytes'),
  }
}
