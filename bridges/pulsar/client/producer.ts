import type { Cluster } from './cluster.ts'
import type { Compression } from './compression.ts'
import type { Connection, ProducerEnd } from './connection.ts'
import { Deferred, goodByeMs, settledWithin } from './deferred.ts'
import { encodeBatch, encodeEntry, type Outgoing } from './entry.ts'
import { PulsarError } from './pulsar-error.ts'

/** Who a producer was, so that the next one takes its place: what the first still has under way is then refused. */
export interface ProducerIdentity {
  readonly name: string
  readonly epoch: number
}

interface Waiting {
  readonly receipt: Deferred<void>
}

/** Writes to one topic, or one partition, over one connection. It ends once; then another is opened. */
export class Producer implements ProducerEnd {
  readonly topic: string
  readonly identity: ProducerIdentity
  readonly #connection: Connection
  readonly #cluster: Cluster
  readonly #compression: Compression
  readonly #waiting = new Map<number, Waiting>()
  #id = 0
  #sequenceId = 0
  #ended: PulsarError | undefined

  private constructor(
    cluster: Cluster,
    connection: Connection,
    topic: string,
    compression: Compression,
    identity: ProducerIdentity,
  ) {
    this.#cluster = cluster
    this.#connection = connection
    this.topic = topic
    this.#compression = compression
    this.identity = identity
  }

  /** @throws PulsarError */
  static async open(
    cluster: Cluster,
    topic: string,
    compression: Compression,
    before: ProducerIdentity | undefined,
    signal: AbortSignal,
  ): Promise<Producer> {
    const connection = await cluster.ownerOf(topic, signal)
    const epoch = before === undefined ? 0 : before.epoch + 1
    let producer: Producer | undefined
    let ended: PulsarError | undefined
    const id = connection.addProducer({
      onReceipt: sequenceId => producer?.onReceipt(sequenceId),
      onRefusal: (sequenceId, error) => producer?.onRefusal(sequenceId, error),
      onClosed: error => {
        ended = error
        producer?.onClosed(error)
      },
    })
    try {
      const { producerName = '' } = await connection.request(
        'producer',
        {
          topic,
          producerId: id,
          userProvidedProducerName: false,
          epoch,
          ...(before === undefined ? {} : { producerName: before.name }),
        },
        'producerSuccess',
        `producer for ${topic}`,
      )
      producer = new Producer(cluster, connection, topic, compression, { name: producerName, epoch })
    } catch (error) {
      connection.removeProducer(id)
      throw error
    }
    producer.#id = id
    if (ended !== undefined) producer.onClosed(ended)
    return producer
  }

  get ended(): PulsarError | undefined {
    return this.#ended
  }

  get maxMessageBytes(): number {
    return this.#connection.maxMessageBytes
  }

  /** Sends them as one batch and resolves with its receipt: they are stored. @throws PulsarError */
  async send(messages: readonly Outgoing[]): Promise<void> {
    const batch = await encodeBatch(messages, this.#compression, this.#cluster.pace)
    if (this.#ended !== undefined) throw this.#ended
    // Numbers are in the order of what is sent: one that a broker has seen a later number of would count as a repeat.
    const sequenceId = this.#sequenceId++
    const { frame, entryBytes } = encodeEntry(batch, {
      producerId: this.#id,
      producerName: this.identity.name,
      sequenceId,
      publishTime: this.#cluster.host.clock.now(),
    })
    if (entryBytes > this.maxMessageBytes) {
      throw new PulsarError(
        'TOO_LARGE',
        `${entryBytes} bytes; ${this.#connection.where} takes up to ${this.maxMessageBytes}`,
      )
    }
    const receipt = new Deferred<void>()
    this.#waiting.set(sequenceId, { receipt })
    const { requestMs } = this.#cluster.settings
    const { clock } = this.#cluster.host
    const startedAt = clock.now()
    const cancelTimer = clock.after(requestMs, () => {
      // What it still has under way must not come after the repeat.
      this.#end(new PulsarError('TIMEOUT', `${this.topic}: no receipt within ${requestMs} ms`))
      this.#connection.doubt(startedAt)
    })
    try {
      this.#connection.write(...frame)
      await receipt.promise
    } finally {
      cancelTimer()
      this.#waiting.delete(sequenceId)
    }
  }

  onReceipt(sequenceId: number): void {
    this.#waiting.get(sequenceId)?.receipt.resolve()
  }

  onRefusal(sequenceId: number, error: PulsarError): void {
    this.#waiting.get(sequenceId)?.receipt.reject(error)
  }

  onClosed(error: PulsarError): void {
    this.#fail(error)
  }

  /** Ends it over there too; waits for nothing that is under way. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    const end = this.#connection.request('closeProducer', { producerId: this.#id }, 'success', `closing ${this.topic}`)
    this.#end(new PulsarError('CLOSED', `the producer for ${this.topic} was closed`))
    await settledWithin(this.#cluster.host.clock, goodByeMs, end)
  }

  #end(error: PulsarError): void {
    this.#connection.removeProducer(this.#id)
    this.#fail(error)
  }

  #fail(error: PulsarError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    for (const { receipt } of this.#waiting.values()) receipt.reject(error)
  }
}
