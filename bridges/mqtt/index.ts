import {
  type BridgeHost,
  type BridgePlugin,
  BrokerError,
  climb,
  type Rung,
  reach,
  type TestTarget,
} from '../../kernel/plugin.ts'
import { connectionOptions, fromOptions, type MqttFrom, type MqttOptions, type MqttTo, toOptions } from './options.ts'
import { failureOf, Remote } from './remote.ts'
import { MqttSink } from './sink.ts'
import { MqttSource } from './source.ts'

/** Messages to and from another MQTT broker. */
export const mqttBridge: BridgePlugin<MqttOptions, MqttTo, MqttFrom, unknown> = {
  kind: 'bridge',
  name: 'mqtt',
  api: 1,
  describe: 'Messages to and from another MQTT broker.',
  options: connectionOptions,
  to: toOptions,
  delivery: {},
  from: fromOptions,
  async open(host: BridgeHost, options: MqttOptions) {
    const remote = new Remote(options, host)
    return {
      egress: (to, _delivery, { bridge }) => new MqttSink(remote, to, bridge, host.clock),
      ingress(from, { bridge }) {
        if (from.topics.length === 0) throw new BrokerError('CONFIG_INVALID', `bridge "${bridge}": "topics" is empty`)
        return new MqttSource(remote, from, bridge, host.clock)
      },
      test: (target, signal) => ladder(remote, host, target, signal),
      async close() {},
    }
  },
}

async function* ladder(
  remote: Remote,
  { clock, node }: BridgeHost,
  target: TestTarget<MqttTo, MqttFrom>,
  signal: AbortSignal,
): AsyncGenerator<Rung> {
  const { host, port, tls } = remote
  if (!(yield* reach({ host, port, tls }, clock, signal))) return
  // Another name than the bridge's own, which must not be thrown out by its test.
  const opening = remote.open(`robustmq-${node}-test-${process.pid}`, { clean: true }, signal)
  const login = await climb('login', clock, async () => {
    const { client } = await opening
    return `MQTT ${client.options.protocolVersion === 5 ? '5.0' : '3.1.1'}, as ${client.options.username ?? 'nobody'}`
  })
  const mend = 'correct username, password and version, or the rights of the user over there'
  yield login.ok ? login : { ...login, mend }
  const opened = await opening.catch(() => undefined)
  if (!opened) return
  const { client } = opened
  try {
    if (!target.from) return
    const { topics } = target.from
    const topic = await climb('topic', clock, async () => {
      const granted = await client.subscribeAsync([...topics], { qos: 0 }).catch(error => {
        throw failureOf(error)
      })
      const refused = granted.find(({ qos }) => qos >= 128)
      if (refused) throw new Error(`the subscription to "${refused.topic}" is refused: ${refused.qos}`)
      return `may subscribe to ${topics.join(', ')}`
    })
    yield topic.ok ? topic : { ...topic, mend: 'allow the user to subscribe there, or correct "topics"' }
  } finally {
    client.end(true)
  }
}
