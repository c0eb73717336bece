import type { BridgeSink, Clock, Logger, Scope } from '../../../kernel/plugin.ts'
import { isRejected, Pace, Rejected } from '../../../kernel/plugin.ts'
import type { Cluster, TopicView } from '../cluster.ts'
import { maxTopics } from '../cluster.ts'
import { partitionOf } from '../partitioner.ts'
import type { Compression } from '../wire/compression.ts'
import { compress, compressions } from '../wire/compression.ts'
import { KafkaError, LinkError, wantsMending } from '../wire/failure.ts'
import type { ProduceBatch, ProduceResult } from '../wire/produce.ts'
import { produce } from '../wire/produce.ts'
import { batchOverheadBytes, encodeRecords, sealBatch } from '../wire/record-batch.ts'
import type { Item, ItemPress } from './item.ts'
import { Lane, maxBatchBytes, type Producer } from './lane.ts'
import { Outcome } from './outcome.ts'
import { verdictOn } from './verdict.ts'

/** One request to a broker, whose own limit is 100 MiB by default. */
const maxRequestBytes = 8 * maxBatchBytes
/** A larger one would make the broker close the connection. */
export const maxItemBytes = 100_000_000
/** A topic that brokers have not known for so long does not exist; before, it may be new, or the cluster starts. */
const unknownAfterMs = 3_000
const unknownTopic = 3
const clusterAuthorizationFailed = 31

export interface SinkOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly compression: Compression
  /** `turn`: each goes to the next partition, whatever its key. */
  readonly spread: 'key' | 'turn'
  readonly createTopics: boolean
  /** For a broker and its replicas to store a batch. */
  readonly withinMs: number
}

/** Part of `withinMs` that the broker may take, so that it is the one that says so. */
const replicasPart = 0.9

/** Writes to Kafka with acks=all: one batch under way for each partition, all partitions side by side. */
export class KafkaSink implements BridgeSink<Item> {
  readonly #cluster: Cluster
  readonly #press: ItemPress
  readonly #options: SinkOptions
  readonly #pace: Pace
  readonly #lanes = new Map<string, Lane[]>()
  readonly #unknownSince = new Map<string, number>()
  readonly #turns = new Map<string, number>()
  #producer: Promise<Producer | undefined> | undefined

  constructor(cluster: Cluster, press: ItemPress, options: SinkOptions) {
    this.#cluster = cluster
    this.#press = press
    this.#options = options
    this.#pace = new Pace(options.clock)
  }

  prepare(scope: Scope): Item | Rejected {
    const item = this.#press.press(scope)
    if (isRejected(item) || item.bytes < maxItemBytes) return item
    return new Rejected('MESSAGE_TOO_LARGE', `${item.bytes} bytes are more than Kafka takes in one request`)
  }

  bytesOf(item: Item): number {
    return item.bytes
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<void> {
    const outcome = new Outcome(items.length)
    const used: Lane[] = []
    try {
      await this.#cluster.learn(new Set(items.map(({ topic }) => topic)), this.#options.createTopics)
      this.#pace.begin()
      const byNode = this.#assign(items, outcome)
      for (const lanes of byNode.values()) used.push(...lanes)
      await Promise.all([...byNode].map(([node, lanes]) => this.#sendTo(node, { lanes, items, outcome, signal })))
    } catch (error) {
      this.#trouble(error, outcome)
    } finally {
      for (const lane of used) lane.waiting = []
    }
    outcome.settle()
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }

  /** Puts each item into the lane of its partition, and gives the lanes by the node that leads them. */
  #assign(items: readonly Item[], outcome: Outcome): Map<number, Set<Lane>> {
    const byNode = new Map<number, Set<Lane>>()
    const sticky = new Map<string, number>()
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as Item
      const view = this.#cluster.topic(item.topic)
      if (view === undefined || view.errorCode !== 0 || view.leaders.length === 0) {
        this.#withoutTopic(item.topic, view, index, outcome)
        continue
      }
      this.#unknownSince.delete(item.topic)
      const partitions = view.leaders.length
      if (item.partition === undefined) item.partition = this.#place(item, partitions, sticky)
      const leader = view.leaders[item.partition]
      if (leader === undefined) {
        const last = partitions - 1
        outcome.reject(
          [index],
          'PARTITION_INVALID',
          `${item.topic} has the partitions 0 to ${last}, not ${item.partition}`,
        )
      } else if (leader < 0) {
        this.#cluster.distrust()
        outcome.fail(`nobody leads partition ${item.partition} of ${item.topic} now`, 'repeat')
      } else {
        const lane = this.#lane(item.topic, item.partition)
        // One look a lane, not an item.
        if (lane.waiting.push(index) > 1) continue
        const lanes = byNode.get(leader)
        if (lanes === undefined) byNode.set(leader, new Set([lane]))
        else lanes.add(lane)
      }
    }
    return byNode
  }

  #place({ topic, hash }: Item, partitions: number, sticky: Map<string, number>): number {
    if (this.#options.spread === 'turn') {
      const turn = this.#turns.get(topic) ?? 0
      if (this.#turns.size > maxTopics) this.#turns.clear()
      this.#turns.set(topic, (turn + 1) % partitions)
      return turn % partitions
    }
    if (hash !== undefined) return partitionOf(hash, partitions)
    // Without a key all of a batch go to one partition, as with Java's producer: fewer and larger batches.
    const chosen = sticky.get(topic) ?? Math.floor(Math.random() * partitions)
    sticky.set(topic, chosen)
    return chosen
  }

  #withoutTopic(topic: string, view: TopicView | undefined, index: number, outcome: Outcome): void {
    const code = view?.errorCode ?? unknownTopic
    const { verdict, word, meaning } = verdictOn(code)
    if (verdict === 'reject') return outcome.reject([index], word, `${topic}: ${meaning}`)
    if (code !== unknownTopic || this.#options.createTopics) {
      this.#cluster.distrust()
      return outcome.fail(`${topic} cannot be written to now: ${word}`, verdict === 'mend' ? 'mend' : 'repeat')
    }
    const now = this.#options.clock.now()
    const since = this.#unknownSince.get(topic) ?? now
    if (this.#unknownSince.size > maxTopics) this.#unknownSince.clear()
    this.#unknownSince.set(topic, since)
    if (now - since >= unknownAfterMs) return outcome.reject([index], word, `there is no topic ${topic}`)
    this.#cluster.distrust()
    outcome.fail(`no broker knows the topic ${topic} yet`, 'repeat')
  }

  async #sendTo(node: number, work: Work): Promise<void> {
    const { lanes, items, outcome, signal } = work
    try {
      while (lanes.size > 0) {
        signal.throwIfAborted()
        const link = await this.#cluster.link(node)
        const batches = new Map<Lane, { indexes: number[]; batch: Buffer }>()
        let bytes = 0
        for (const lane of lanes) {
          if (bytes > maxRequestBytes) break
          const indexes = lane.next(items)
          lane.producer ??= await this.#producerFor(lane)
          const batch = await this.#encode(lane, indexes, items)
          batches.set(lane, { indexes, batch })
          bytes += batch.length
        }
        const request = [...batches].map(([lane, { batch }]): ProduceBatch => {
          return { topic: lane.topic, partition: lane.partition, batch }
        })
        const { withinMs } = this.#options
        const times = { replicasMs: Math.floor(withinMs * replicasPart), answerMs: withinMs }
        const results = await unlessAborted(produce(link, request, times), signal)
        for (const [lane, { indexes }] of batches) {
          const result = results.find(one => one.topic === lane.topic && one.partition === lane.partition)
          const goesOn = this.#judge(lane, indexes, result, work)
          if (!goesOn || lane.waiting.length === 0) lanes.delete(lane)
        }
      }
    } catch (error) {
      if (signal.aborted) outcome.fail('stopped while it was sent', 'repeat')
      else this.#trouble(error, outcome)
    }
  }

  async #encode(lane: Lane, indexes: readonly number[], items: readonly Item[]): Promise<Buffer> {
    const { compression } = this.#options
    const records = indexes.map(index => items[index] as Item)
    const plain = await encodeRecords(records, this.#pace)
    const head = plain.subarray(0, batchOverheadBytes)
    const batch =
      compression === 'none'
        ? plain
        : Buffer.concat([head, await compress(plain.subarray(batchOverheadBytes), compression)])
    sealBatch(batch, { records, compression: compressions.indexOf(compression), sequence: lane.sending(records) })
    return batch
  }

  /** What the broker answered for one partition. False: this lane stops here, and what waits in it is repeated. */
  #judge(lane: Lane, indexes: readonly number[], result: ProduceResult | undefined, work: Work): boolean {
    const { items, outcome } = work
    const { verdict, word, meaning } = verdictOn(result?.errorCode ?? -1)
    const where = `partition ${lane.partition} of ${lane.topic}`
    switch (verdict) {
      case 'taken':
        lane.settle(true)
        outcome.take(indexes)
        lane.done(indexes.length)
        return true
      case 'split': {
        lane.settle(false)
        const wrong = (result?.recordErrors ?? []).flatMap(({ index }) => indexes[index] ?? [])
        if (wrong.length === 0 && lane.shrink(indexes.map(index => items[index] as Item))) return true
        lane.grow()
        const single = wrong.length === 0 ? indexes : wrong
        const why = result?.recordErrors[0]?.message ?? result?.message
        outcome.reject(single, word, `${lane.topic}: ${why ?? meaning}`)
        const rejected = new Set(single)
        lane.waiting = lane.waiting.filter(index => !rejected.has(index))
        return true
      }
      case 'reject':
        lane.settle(false)
        outcome.reject(lane.waiting, word, `${lane.topic}: ${meaning}`)
        return false
      case 'anew':
        lane.anew()
        outcome.fail(`${where}: ${word}`, 'repeat')
        return false
      default:
        if (verdict === 'repeat') this.#cluster.distrust()
        outcome.fail(`${where}: ${word}${meaning && `, ${meaning}`}`, verdict)
        return false
    }
  }

  #lane(topic: string, partition: number): Lane {
    let lanes = this.#lanes.get(topic)
    if (lanes === undefined) {
      if (this.#lanes.size > maxTopics) this.#forgetLanes()
      lanes = []
      this.#lanes.set(topic, lanes)
    }
    for (let at = lanes.length; at <= partition; at++) lanes.push(new Lane(topic, at))
    return lanes[partition] as Lane
  }

  /** Those that are not in the middle of something. Their numbers begin anew, so it must be another producer's. */
  #forgetLanes(): void {
    for (const [topic, lanes] of this.#lanes) {
      if (lanes.every(lane => lane.idle && lane.waiting.length === 0)) this.#lanes.delete(topic)
    }
    this.#producer = undefined
  }

  async #producerFor(lane: Lane): Promise<Producer | undefined> {
    const current = this.#identity()
    const producer = await current
    if (producer === undefined || producer.producerId !== lane.spent) return producer
    if (this.#producer === current) this.#producer = undefined
    return this.#identity()
  }

  /** Undefined where a cluster does not give numbers to this user: then a repeat may be stored twice. */
  #identity(): Promise<Producer | undefined> {
    this.#producer ??= this.#cluster
      .ask(link => link.producerId())
      .catch(error => {
        if (error instanceof KafkaError && error.code === clusterAuthorizationFailed) {
          this.#options.logger.info({}, 'Kafka gives no producer id to this user: a repeated batch may be stored twice')
          return undefined
        }
        this.#producer = undefined
        throw error
      })
    return this.#producer
  }

  #trouble(error: unknown, outcome: Outcome): void {
    this.#cluster.distrust()
    const known = error instanceof KafkaError || error instanceof LinkError
    outcome.fail(messageOf(error), known && wantsMending(error) ? 'mend' : 'repeat', error)
  }
}

interface Work {
  readonly lanes: Set<Lane>
  readonly items: readonly Item[]
  readonly outcome: Outcome
  readonly signal: AbortSignal
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'failed')

async function unlessAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
