import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'

const everyMs = 100
const meters = 12

/** Clients that publish, subscribe, stay away and leave things behind, so that every page has something to show. */
export class Traffic {
  readonly #port: number
  readonly #clients = new Set<MqttClient>()
  #timer: NodeJS.Timeout | undefined

  private constructor(port: number) {
    this.#port = port
  }

  static async start(port: number): Promise<Traffic> {
    const traffic = new Traffic(port)
    const those = await Promise.all(
      Array.from({ length: meters }, (_, i) =>
        traffic.client(`meter-${i}`, {
          will: { topic: `plant/meter-${i}/status`, payload: Buffer.from('dead'), qos: 1, retain: false },
        }),
      ),
    )
    const historian = await traffic.client('historian', { properties: { sessionExpiryInterval: 3_600 } })
    await historian.subscribeAsync({ 'plant/#': { qos: 1 }, '$share/archive/plant/+/temperature': { qos: 1 } })
    const away = await traffic.client('away', { properties: { sessionExpiryInterval: 3_600 } })
    await away.subscribeAsync('plant/meter-1/#', { qos: 1 })
    await traffic.end(away)
    // It takes messages and acknowledges none.
    const snail = await traffic.client('snail', { customHandleAcks: () => {}, keepalive: 0 })
    await snail.subscribeAsync('plant/meter-5/#', { qos: 1 })
    for (let i = 0; i < 3; i++) await traffic.end(await traffic.client('loose-cable'))
    const [first] = those
    await first?.publishAsync('config/line', '{"name": "Line 1", "limits": {"high": 90}, "on": true}', {
      retain: true,
      qos: 1,
    })
    await first?.publishAsync('config/firmware', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 255]), {
      retain: true,
      qos: 1,
    })
    await first?.publishAsync('$delayed/3600/reminders/valves', 'check the valves', { qos: 1 })
    let turn = 0
    traffic.#timer = setInterval(() => {
      const at = turn++ % meters
      those[at]?.publish(`plant/meter-${at}/temperature`, JSON.stringify({ value: 20 + (turn % 50) / 10, unit: 'C' }), {
        qos: 1,
      })
    }, everyMs)
    return traffic
  }

  /** A client that stays until the end, or until it is ended. */
  async client(clientId: string, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${this.#port}`, {
      clientId,
      protocolVersion: 5,
      reconnectPeriod: 0,
      ...options,
    })
    // A client that is disconnected by the test has nothing to say about it.
    client.on('error', () => {})
    this.#clients.add(client)
    return client
  }

  async end(client: MqttClient): Promise<void> {
    this.#clients.delete(client)
    await client.endAsync()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#clients].map(client => client.endAsync(true)))
  }
}
