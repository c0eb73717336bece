import { BringUp, expectReady } from '../../cli/bench/load/bring-up.ts'
import { Client, type ClientOwner } from '../../cli/bench/load/client.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import { OrderCheck } from '../../cli/bench/load/order-check.ts'
import { Publisher } from '../../cli/bench/load/publisher.ts'
import { StreamCheck } from '../../cli/bench/load/stream-check.ts'
import { Traffic } from '../../cli/bench/load/traffic.ts'
import type { QoS } from '../load.ts'

export interface LapShape {
  readonly qos: QoS
  /** Connected throughout; 0: one persistent session, which connects only to fetch each batch. */
  readonly subscribers: number
  /** Messages published at once; the next batch follows when all of it has arrived and was acknowledged. */
  readonly batch: number
  readonly batches: number
}

/** In step: a batch is one read for the broker and one write to each receiver, so that the counts are always the same. */
export const lapShapes: ReadonlyMap<string, LapShape> = new Map<string, LapShape>([
  ['one message at a time', { qos: 0, subscribers: 1, batch: 1, batches: 2000 }],
  ['QoS 0', { qos: 0, subscribers: 1, batch: 100, batches: 100 }],
  ['QoS 1', { qos: 1, subscribers: 1, batch: 100, batches: 100 }],
  ['QoS 2', { qos: 2, subscribers: 1, batch: 100, batches: 100 }],
  ['fan-out to 100', { qos: 0, subscribers: 100, batch: 10, batches: 20 }],
  ['offline', { qos: 1, subscribers: 0, batch: 100, batches: 50 }],
])

/** The clients of one shape; each lap publishes all its batches. */
export class Laps {
  readonly #shape: LapShape
  readonly #bringUp = new BringUp()
  readonly #traffic: Traffic
  readonly #streams = new Map<number, StreamCheck>()
  readonly #subscriber: (index: number) => Client
  readonly #clients: Client[] = []
  #published = 0

  private constructor(shape: LapShape, port: number) {
    this.#shape = shape
    const out = new OutBuffer()
    const wire = { port, transport: 'tcp', version: 4, keepAliveS: 0, qos: shape.qos, out } as const
    const owner: ClientOwner = {
      settled: () => this.#bringUp.settled(),
      received: (client, bytes, at, end) => this.#traffic.onReceived(client, bytes, at, end),
      acknowledged: (client, packetId) => this.#traffic.onAcknowledged(client, packetId),
    }
    const clean = shape.subscribers > 0
    this.#subscriber = index =>
      new Client(index, { ...wire, clientId: `subscriber-${index}`, clean, filters: ['lap/topic'] }, owner)
    const publisher = new Client(0, { ...wire, clientId: 'publisher', clean: true, filters: [] }, owner)
    this.#clients.push(publisher)
    // While nobody is there, acknowledgements alone end a batch.
    const receivers = shape.subscribers
    const options = { version: 4, qos: shape.qos, retain: false, payloadBytes: 64, window: shape.batch } as const
    const publishers = [new Publisher(publisher, () => 'lap/topic', { ...options, receivers, out })]
    this.#traffic = new Traffic(publishers, {
      receivers,
      acknowledged: shape.qos > 0,
      streamOf: receiver => this.#streamOf(receiver.index),
      order: new OrderCheck(Math.max(receivers, 1), 1),
    })
  }

  static async connect(shape: LapShape, port: number): Promise<Laps> {
    const laps = new Laps(shape, port)
    for (let index = 0; index < shape.subscribers; index += 1) laps.#clients.push(laps.#subscriber(index))
    await laps.#bringUp.open(laps.#clients)
    expectReady(laps.#clients)
    if (shape.subscribers === 0) await laps.#fetch(0)
    return laps
  }

  /** Deliveries of one lap. */
  get messages(): number {
    const { batch, batches, subscribers } = this.#shape
    return batch * batches * Math.max(subscribers, 1)
  }

  /** Throws when something was lost or came twice. */
  async run(): Promise<void> {
    const { batch, batches, subscribers } = this.#shape
    const before = this.#traffic.received
    for (let count = 0; count < batches; count += 1) {
      this.#published += batch
      await this.#traffic.run({ messages: this.#published })
      if (subscribers === 0) await this.#fetch(this.#published)
    }
    const received = this.#traffic.received - before
    const duplicated = [...this.#streams.values()].reduce((total, { duplicated }) => total + duplicated, 0)
    if (received !== this.messages || duplicated > 0) {
      throw new Error(`of ${this.messages} messages ${received} arrived, and ${duplicated} came twice`)
    }
  }

  end(): void {
    for (const client of this.#clients) client.destroy()
  }

  /** The absent session returns until it has received `count` in all. */
  async #fetch(count: number): Promise<void> {
    const client = this.#subscriber(0)
    await this.#bringUp.open([client])
    expectReady([client])
    await this.#traffic.arrival(count)
    client.disconnect()
    await client.gone
  }

  #streamOf(receiver: number): StreamCheck {
    let stream = this.#streams.get(receiver)
    if (stream === undefined) this.#streams.set(receiver, (stream = new StreamCheck()))
    return stream
  }
}
