import { BrokerError, Message, type ProtocolHost, type Space } from '../../../kernel/plugin.ts'
import { brokerLoads, brokerTopics, type Read } from './broker-topics.ts'
import { LoadAverage } from './load-average.ts'
import { nodeMetrics, nodeStats } from './node-topics.ts'
import { Reading } from './reading.ts'

const broker = '$SYS/broker/'

/**
 * The broker's numbers as retained messages under `$SYS`, in the default tenant: at the start all of them, then at each
 * interval those that changed. They do not survive a restart, and count as nobody's publishes.
 */
export class StatusTopics {
  readonly #host: ProtocolHost
  readonly #space: Space
  readonly #node: string
  readonly #startedAt: number
  readonly #published = new Map<string, string>()
  readonly #loads: readonly { topic: string; count: Read; average: LoadAverage }[]
  readonly #peaks = new Map<string, number>()
  readonly #unsubscribe: (() => void)[]
  #readAt: number
  #heapMaximumBytes = 0
  #connected: number
  #clientsMaximum: number
  #cancel: (() => void) | undefined

  constructor(host: ProtocolHost, intervalMs: number) {
    this.#host = host
    this.#space = host.system()
    this.#node = `$SYS/brokers/${levelOf(host.node)}/`
    this.#startedAt = host.clock.now()
    this.#readAt = this.#startedAt
    const reading = new Reading(host.counters)
    this.#connected = reading.of('sessions_connected')
    this.#clientsMaximum = this.#connected
    this.#loads = brokerLoads.map(([topic, count]) => ({ topic, count, average: new LoadAverage(count(reading)) }))
    this.#unsubscribe = [
      host.events.on('client.connected', () => {
        this.#clientsMaximum = Math.max(this.#clientsMaximum, ++this.#connected)
      }),
      host.events.on('client.disconnected', () => this.#connected--),
    ]
    this.#publishAll()
    this.every(intervalMs)
  }

  /** From now on at this interval; 0: no more, and nothing stale is left. */
  every(intervalMs: number): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (intervalMs === 0) return this.#clear()
    this.#cancel = this.#host.clock.after(intervalMs, () => {
      this.#publishAll()
      this.every(intervalMs)
    })
  }

  close(): void {
    this.#cancel?.()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #clear(): void {
    for (const topic of this.#published.keys()) this.#publish(topic, '')
    this.#published.clear()
  }

  #publishAll(): void {
    const now = this.#host.clock.now()
    const reading = new Reading(this.#host.counters)
    const heapBytes = process.memoryUsage().heapUsed
    this.#heapMaximumBytes = Math.max(this.#heapMaximumBytes, heapBytes)
    const numbers = { heapBytes, heapMaximumBytes: this.#heapMaximumBytes, clientsMaximum: this.#clientsMaximum }
    const { version } = this.#host
    this.#publish(`${broker}version`, `robustmq version ${version}`)
    this.#publish(`${broker}uptime`, `${Math.floor((now - this.#startedAt) / 1_000)} seconds`)
    this.#publishLoads(reading, now)
    for (const [topic, read] of brokerTopics) this.#publish(broker + topic, String(read(reading, numbers)))
    this.#publishNode(reading, now)
  }

  #publishLoads(reading: Reading, now: number): void {
    const elapsedMs = now - this.#readAt
    this.#readAt = now
    for (const { topic, count, average } of this.#loads) {
      const changed = elapsedMs > 0 ? average.advance(count(reading), elapsedMs) : LoadAverage.initial
      for (const { minutes, text } of changed) this.#publish(`${broker}load/${topic}/${minutes}min`, text)
    }
  }

  #publishNode(reading: Reading, now: number): void {
    const node = this.#node
    this.#publish('$SYS/brokers', this.#host.node)
    this.#publish(`${node}version`, this.#host.version)
    this.#publish(`${node}sysdescr`, 'RobustMQ')
    this.#publish(`${node}uptime`, String(now - this.#startedAt))
    this.#publish(`${node}datetime`, new Date(now).toISOString())
    for (const [name, read] of nodeStats) {
      const value = read(reading)
      const peak = Math.max(value, this.#peaks.get(name) ?? 0)
      this.#peaks.set(name, peak)
      this.#publish(`${node}stats/${name}/count`, String(value))
      this.#publish(`${node}stats/${name}/max`, String(peak))
    }
    for (const [name, read] of nodeMetrics) this.#publish(`${node}metrics/${name}`, String(read(reading)))
  }

  #publish(topic: string, text: string): void {
    if (this.#published.get(topic) === text) return
    const publishedAt = this.#host.clock.now()
    const payload = Buffer.from(text)
    try {
      // Of the moment: retained, but never written to the disk.
      this.#space.publish(new Message({ topic, payload, guarantee: 2, durability: 'none', retain: true, publishedAt }))
      this.#published.set(topic, text)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      this.#host.logger.debug({ topic, error: error.message }, 'a status topic was not published')
    }
  }
}

/** A name as one level of a topic. */
function levelOf(name: string): string {
  return name.replace(/[+#/\0]/g, '_')
}
