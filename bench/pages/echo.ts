import { setTimeout } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'

const topic = 'echo'
/** Between one message and the next. */
const everyMs = 2

/** A client that sends itself one message after the other and notes how long each was on its way. */
export class Echo {
  readonly #client: MqttClient
  #tookMs: number[] = []
  #ended = false

  private constructor(client: MqttClient) {
    this.#client = client
  }

  static async start(port: number): Promise<Echo> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`)
    await client.subscribeAsync(topic)
    const echo = new Echo(client)
    void echo.#run()
    return echo
  }

  /** Of the messages since it was asked last. */
  figures(): { readonly messages: number; readonly p50: string; readonly p99: string; readonly most: string } {
    const times = this.#tookMs.sort((a, b) => a - b)
    this.#tookMs = []
    const at = (part: number) => (times[Math.floor(times.length * part)] ?? Number.NaN).toFixed(1)
    return { messages: times.length, p50: at(0.5), p99: at(0.99), most: (times.at(-1) ?? Number.NaN).toFixed(1) }
  }

  end(): void {
    this.#ended = true
    this.#client.end(true)
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const began = performance.now()
      const heard = new Promise(resolve => this.#client.once('message', resolve))
      this.#client.publish(topic, 'x')
      await heard
      this.#tookMs.push(performance.now() - began)
      await setTimeout(everyMs)
    }
  }
}
