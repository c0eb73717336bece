import type { BridgeSink, Rejected, Scope } from '../../../kernel/plugin.ts'
import { type Cluster, raced } from '../client/cluster.ts'
import type { Producer } from '../client/producer.ts'
import { groupByTopic, type Item, type ItemPress } from './item.ts'
import { Outcome } from './outcome.ts'
import { TopicWriter, type WriterOptions } from './topic-writer.ts'

/** Topics that one bridge writes to at a time; the one longest not written to gives way. */
const maxTopics = 1_000
/** Of one batch: what metadata adds to it, and how many a broker unpacks at once for a reader. */
const metadataBytes = 1_024
const maxBatchMessages = 50_000
/** Batches of different keys under way on one partition. */
const maxBatchesUnderWay = 256

export interface SinkOptions extends WriterOptions {
  readonly batches: 'mixed' | 'by-key'
}

/** What of a `send` goes to one partition. */
interface Lane {
  readonly writer: TopicWriter
  readonly partition: number
  readonly indexes: number[]
}

/** Writes to Pulsar: one batch under way for each partition, or for each key, all partitions side by side. */
export class PulsarSink implements BridgeSink<Item> {
  readonly #cluster: Cluster
  readonly #press: Pick<ItemPress, 'press'>
  readonly #options: SinkOptions
  /** The one written to last is the last. */
  readonly #writers = new Map<string, TopicWriter>()

  constructor(cluster: Cluster, press: Pick<ItemPress, 'press'>, options: SinkOptions) {
    this.#cluster = cluster
    this.#press = press
    this.#options = options
  }

  prepare(scope: Scope): Item | Rejected {
    return this.#press.press(scope)
  }

  bytesOf(item: Item): number {
    return item.bytes
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<void> {
    const outcome = new Outcome(items.length)
    const byTopic = groupByTopic(items)
    this.#cluster.pace.begin()
    const topics = [...byTopic].map(([topic, indexes]) => this.#sendTo(topic, indexes, items, outcome, signal))
    await raced(Promise.all(topics), signal).catch(error => outcome.cut(error, signal))
    this.#trim(byTopic)
    outcome.settle()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#writers.values()].map(writer => writer.close()))
    this.#writers.clear()
  }

  async #sendTo(
    topic: string,
    indexes: readonly number[],
    items: readonly Item[],
    outcome: Outcome,
    signal: AbortSignal,
  ): Promise<void> {
    const writer = this.#writers.get(topic) ?? new TopicWriter(this.#cluster, topic, this.#options)
    this.#writers.delete(topic)
    this.#writers.set(topic, writer)
    try {
      await writer.prepare(signal)
    } catch (error) {
      outcome.fail(indexes, error)
      return
    }
    const lanes = new Map<number, Lane>()
    const sticky = writer.nextSticky()
    for (const index of indexes) {
      const item = items[index] as Item
      const partition = writer.place(item, sticky)
      item.partition = partition
      const lane = lanes.get(partition)
      if (lane === undefined) lanes.set(partition, { writer, partition, indexes: [index] })
      else lane.indexes.push(index)
    }
    await Promise.all([...lanes.values()].map(lane => this.#sendLane(lane, items, outcome, signal)))
  }

  async #sendLane(
    { writer, partition, indexes }: Lane,
    items: readonly Item[],
    outcome: Outcome,
    signal: AbortSignal,
  ): Promise<void> {
    let producer: Producer
    try {
      producer = await writer.producer(partition, signal)
    } catch (error) {
      writer.distrust()
      outcome.fail(indexes, error)
      return
    }
    const maxBytes = producer.maxMessageBytes - metadataBytes
    const groups = this.#options.batches === 'mixed' ? [indexes] : byKey(indexes, items)
    for (let from = 0; from < groups.length; from += maxBatchesUnderWay) {
      const wave = groups.slice(from, from + maxBatchesUnderWay)
      await Promise.all(
        wave.map(group => this.#sendInOrder(producer, batchesOf(group, items, maxBytes), items, outcome)),
      )
      if (producer.ended !== undefined) {
        writer.distrust()
        return
      }
    }
  }

  /** Nothing follows a batch that was not taken, so that what is repeated comes before what is later. */
  async #sendInOrder(
    producer: Producer,
    batches: Iterable<readonly number[]>,
    items: readonly Item[],
    outcome: Outcome,
  ): Promise<void> {
    for (const batch of batches) {
      try {
        await producer.send(batch.map(index => items[index] as Item))
        outcome.take(batch)
      } catch (error) {
        if (outcome.fail(batch, error) === 'rejected') continue
        return
      }
    }
  }

  #trim(inUse: ReadonlyMap<string, unknown>): void {
    for (const [topic, writer] of this.#writers) {
      if (this.#writers.size <= maxTopics) return
      if (inUse.has(topic)) continue
      this.#writers.delete(topic)
      // Its producers have nothing under way; that it may still say good-bye holds nobody up.
      void writer.close()
    }
  }
}

/** Those of one key together, each in its order. */
function byKey(indexes: readonly number[], items: readonly Item[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  for (const index of indexes) {
    const { orderingKey, key } = items[index] as Item
    const name = orderingKey === undefined ? `k${key ?? ''}` : `o${orderingKey.toString('latin1')}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [index])
    else group.push(index)
  }
  return [...groups.values()]
}

/** As many at once as a broker takes in one entry. One that is larger alone is tried alone: compressed it may fit. */
function* batchesOf(
  indexes: readonly number[],
  items: readonly Item[],
  maxBytes: number,
): Generator<readonly number[]> {
  let from = 0
  let bytes = 0
  for (let at = 0; at < indexes.length; at++) {
    const item = items[indexes[at] as number] as Item
    if (at > from && (bytes + item.bytes > maxBytes || at - from >= maxBatchMessages)) {
      yield indexes.slice(from, at)
      from = at
      bytes = 0
    }
    bytes += item.bytes
  }
  yield from === 0 ? indexes : indexes.slice(from)
}
