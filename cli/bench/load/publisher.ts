import type { Client } from './client.ts'
import type { OutBuffer } from './link.ts'
import { type PublishShape, PublishWriter } from './packets.ts'
import { SentTimes } from './sent-times.ts'

export interface PublisherOptions extends PublishShape {
  /** Messages under way at most: not acknowledged, or not delivered. */
  readonly window: number
  /** Receivers of each message; 0: nobody receives while publishing, so only acknowledgements count. */
  readonly receivers: number
  /** How long acknowledgements take is noted. Default: false. */
  readonly timed?: boolean
  readonly out: OutBuffer
}

/** One publishing client and what is known about its messages. */
export class Publisher {
  readonly client: Client
  /** What it has to do is in a list. */
  marked = false
  sent = 0
  acknowledged = 0
  delivered = 0
  readonly #options: PublisherOptions
  readonly #writer: PublishWriter
  readonly #sentTimes: SentTimes | undefined
  readonly #topicOf: (sequence: number) => string
  #packetId = 0

  constructor(client: Client, topicOf: (sequence: number) => string, options: PublisherOptions) {
    this.client = client
    this.#options = options
    this.#topicOf = topicOf
    this.#writer = new PublishWriter(options, client.index)
    this.#sentTimes = options.timed ? new SentTimes() : undefined
  }

  reset(): void {
    this.sent = this.acknowledged = this.delivered = 0
  }

  /** A message is acknowledged. Returns when it was sent, where that is noted. */
  acknowledge(packetId: number): number | undefined {
    this.acknowledged += 1
    return this.#sentTimes?.take(packetId)
  }

  /** Publishes as far as its window goes, at most up to `limit` messages in all. Returns how many. */
  fill(limit: number): number {
    const { client } = this
    if (client.state !== 'ready' || client.busy) return 0
    const { window, qos, receivers, out } = this.#options
    const unacknowledged = qos > 0 ? this.acknowledged + Math.min(window, client.receiveMaximum) : limit
    const undelivered = receivers > 0 ? Math.ceil(this.delivered / receivers) + window : limit
    const until = Math.min(limit, unacknowledged, undelivered)
    const before = this.sent
    const nowUs = performance.now() * 1000
    while (this.sent < until && this.#write(nowUs)) {}
    if (!out.empty) client.send()
    return this.sent - before
  }

  /** Publishes one message that was due at `dueUs`, whatever the window. */
  publish(dueUs: number): void {
    if (this.client.state === 'ready' && this.#write(dueUs)) this.client.send()
  }

  #write(sentAtUs: number): boolean {
    const { out } = this.#options
    const topic = this.#topicOf(this.sent)
    if (!out.has(this.#writer.bytes(topic))) return false
    this.#packetId = (this.#packetId % 65_535) + 1
    this.#writer.write(out, topic, this.#packetId, this.sent, sentAtUs)
    this.#sentTimes?.put(this.#packetId, sentAtUs)
    this.sent += 1
    return true
  }
}
