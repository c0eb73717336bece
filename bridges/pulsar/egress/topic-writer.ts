import type { Cluster } from '../client/cluster.ts'
import { raced } from '../client/cluster.ts'
import type { Compression } from '../client/compression.ts'
import { type KeyHash, partitionOfKey } from '../client/key-hash.ts'
import { Producer, type ProducerIdentity } from '../client/producer.ts'
import { PulsarError } from '../client/pulsar-error.ts'
import { partitionName } from '../client/topic-name.ts'
import type { Item } from './item.ts'

/** Partitions may be added to a topic; other clients look as often. */
const partitionsForMs = 60_000
/** A namespace is there a moment after its broker, and a topic may be made just now; what is still not there then does not exist. */
const unknownAfterMs = 3_000

export interface WriterOptions {
  readonly compression: Compression
  readonly hash: KeyHash
  /** `turn`: each to the next partition, whatever its key. */
  readonly spread: 'key' | 'turn'
}

/** Who writes to one topic: a producer for each partition in use. */
export class TopicWriter {
  readonly topic: string
  readonly #cluster: Cluster
  readonly #options: WriterOptions
  /** By partition; the last one that was opened, be it ended or not. */
  readonly #producers = new Map<number, Producer>()
  readonly #identities = new Map<number, ProducerIdentity>()
  #partitions = 0
  #askedAt: number | undefined
  #unknownSince: number | undefined
  #turn = 0

  constructor(cluster: Cluster, topic: string, options: WriterOptions) {
    this.#cluster = cluster
    this.topic = topic
    this.#options = options
  }

  /** Learns how many partitions there are, unless that is known. @throws PulsarError */
  async prepare(signal: AbortSignal): Promise<void> {
    const now = this.#cluster.host.clock.now()
    if (this.#askedAt !== undefined && now - this.#askedAt < partitionsForMs) return
    this.#partitions = await this.#patiently(() => this.#cluster.partitionsOf(this.topic, signal))
    this.#askedAt = now
  }

  /** Where an item goes; `sticky` is where those without a key go this time. */
  place(item: Item, sticky: number): number {
    if (this.#partitions === 0) return 0
    if (item.partition !== undefined) return item.partition
    if (this.#options.spread === 'turn') return this.#turn++ % this.#partitions
    if (item.key === undefined) return sticky % this.#partitions
    return partitionOfKey(item.key, this.#partitions, this.#options.hash)
  }

  nextSticky(): number {
    return this.#turn++
  }

  /** The producer of a partition that `place` gave. @throws PulsarError */
  async producer(partition: number, signal: AbortSignal): Promise<Producer> {
    if (partition >= Math.max(1, this.#partitions)) {
      throw new PulsarError(
        'InvalidTopicName',
        `${this.topic} has ${this.#partitions} partitions, no number ${partition}`,
      )
    }
    const known = this.#producers.get(partition)
    if (known !== undefined && known.ended === undefined) return known
    const name = this.#partitions === 0 ? this.topic : partitionName(this.topic, partition)
    const identity = this.#identities.get(partition)
    const { compression } = this.#options
    const opened = await this.#patiently(() =>
      raced(Producer.open(this.#cluster, name, compression, identity, signal), signal),
    )
    this.#producers.set(partition, opened)
    this.#identities.set(partition, opened.identity)
    return opened
  }

  /** What follows a failure is asked anew: the topic may have moved or changed. */
  distrust(): void {
    this.#askedAt = undefined
  }

  async close(): Promise<void> {
    await Promise.all([...this.#producers.values()].map(producer => producer.close()))
    this.#producers.clear()
  }

  async #patiently<Value>(ask: () => Promise<Value>): Promise<Value> {
    try {
      const value = await ask()
      this.#unknownSince = undefined
      return value
    } catch (error) {
      if (!(error instanceof PulsarError) || error.code !== 'TopicNotFound') throw error
      const now = this.#cluster.host.clock.now()
      this.#unknownSince ??= now
      if (now - this.#unknownSince >= unknownAfterMs) throw error
      throw new PulsarError('ServiceNotReady', `${error.message}; asked again`, { cause: error })
    }
  }
}
