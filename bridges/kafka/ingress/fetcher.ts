import type { Clock, Logger, SourceRecord } from '../../../kernel/plugin.ts'
import { BridgeFailure } from '../../../kernel/plugin.ts'
import type { Cluster } from '../cluster.ts'
import { decompress } from '../wire/compression.ts'
import { KafkaError, LinkError, wantsMending } from '../wire/failure.ts'
import type { Fetched, FetchFrom } from '../wire/fetch.ts'
import { fetchRecords } from '../wire/fetch.ts'
import type { StoredRecord } from '../wire/record-batch.ts'
import { CorruptBatch, readBatches, readRecords } from '../wire/record-batch.ts'
import { CorruptCompression } from '../wire/snappy.ts'
import { withoutAborted } from './aborted.ts'

/** Records that are handed over at once. */
const maxRecords = 1_000
/** How long a broker waits for records when there are none. */
const waitMs = 1_000
/** Before a partition without a leader is asked for again. */
const pauseMs = 250
/** A fetch that is about several partitions brings as much as this many of them may. */
const partitionsAtOnce = 4

const unknownTopic = 3
const offsetOutOfRange = 1
/** UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, REPLICA_NOT_AVAILABLE, old or new epochs, UNKNOWN_TOPIC_ID */
const moved = new Set([unknownTopic, 5, 6, 9, 74, 75, 100])
const none = new Uint8Array(0)

export interface FetcherOptions {
  readonly topic: string
  readonly from: 'latest' | 'earliest'
  readonly fetchBytes: number
  readonly clock: Clock
  readonly logger: Logger
}

/** A piece of a partition, in order. `upTo`: where it is read on. */
export interface Piece {
  readonly partition: number
  readonly records: readonly SourceRecord[]
  readonly upTo: bigint
}

/** Reads partitions of one topic from whoever leads them. */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions

  constructor(cluster: Cluster, options: FetcherOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** How many partitions the topic has, as far as is known. */
  get partitions(): number | undefined {
    return this.#cluster.topic(this.#options.topic)?.leaders.length
  }

  /** First or next offsets, from the nodes that lead; none of a partition that nobody leads. @throws KafkaError, LinkError */
  async bounds(partitions: readonly number[], which: 'earliest' | 'latest'): Promise<Map<number, bigint>> {
    const { topic } = this.#options
    const found = new Map<number, bigint>()
    for (const [node, led] of await this.byLeader(partitions)) {
      const bounds = await (await this.#cluster.link(node)).bounds(topic, led, which)
      for (const [partition, offset] of bounds) found.set(partition, offset)
    }
    return found
  }

  /** Partitions that have a leader now, by its node. @throws KafkaError, LinkError */
  async byLeader(partitions: readonly number[]): Promise<Map<number, number[]>> {
    const { topic } = this.#options
    await this.#cluster.learn([topic])
    const view = this.#cluster.topic(topic)
    if (view === undefined || view.errorCode !== 0) {
      this.#cluster.distrust()
      throw new KafkaError(
        view?.errorCode ?? unknownTopic,
        wordsOf[view?.errorCode ?? unknownTopic] ?? `error ${view?.errorCode}`,
      )
    }
    const byNode = new Map<number, number[]>()
    for (const partition of partitions) {
      const leader = view.leaders[partition] ?? -1
      if (leader < 0) this.#cluster.distrust()
      else byNode.set(leader, [...(byNode.get(leader) ?? []), partition])
    }
    return byNode
  }

  /** What there is on one node, after a while of waiting for it. @throws KafkaError, LinkError, BridgeFailure */
  async fetch(node: number, from: readonly FetchFrom[]): Promise<Piece[]> {
    const { topic, fetchBytes } = this.#options
    try {
      const link = await this.#cluster.link(node, 'read')
      const limits = { waitMs, maxBytes: partitionsAtOnce * fetchBytes, maxPartitionBytes: fetchBytes }
      const answer = await fetchRecords(link, topic, from, limits)
      if (answer.errorCode !== 0) throw new KafkaError(answer.errorCode, `fetch: error ${answer.errorCode}`)
      const pieces: Piece[] = []
      for (const fetched of answer.partitions) {
        const offset = from.find(one => one.partition === fetched.partition)?.offset
        if (offset !== undefined) pieces.push(...(await this.#piecesOf(fetched, offset)))
      }
      return pieces
    } catch (error) {
      // The group is the judge of whether this member still lives; a leader that is gone has a successor.
      if (!(error instanceof LinkError) || wantsMending(error)) throw error
      this.#cluster.distrust()
      await this.pause()
      return []
    }
  }

  async #piecesOf(fetched: Fetched, from: bigint): Promise<Piece[]> {
    const { partition, errorCode, aborted } = fetched
    if (errorCode === offsetOutOfRange) return [await this.#backInRange(partition, from)]
    if (moved.has(errorCode)) {
      this.#cluster.distrust()
      await this.pause()
      return []
    }
    if (errorCode !== 0) throw new KafkaError(errorCode, wordsOf[errorCode] ?? `fetch: error ${errorCode}`)
    try {
      return await this.#recordsOf(partition, from, readBatches(fetched.batches), aborted)
    } catch (error) {
      if (!(error instanceof CorruptBatch || error instanceof CorruptCompression)) throw error
      const wants = error instanceof CorruptCompression ? 'mend' : 'repeat'
      throw new BridgeFailure(`partition ${partition} of ${this.#options.topic} from ${from}: ${error.message}`, {
        wants,
      })
    }
  }

  async #recordsOf(
    partition: number,
    from: bigint,
    batches: ReturnType<typeof readBatches>,
    aborted: Fetched['aborted'],
  ): Promise<Piece[]> {
    const { topic } = this.#options
    const end = (batches.at(-1)?.lastOffset ?? from - 1n) + 1n
    const pieces: Piece[] = []
    let records: SourceRecord[] = []
    for (const batch of withoutAborted(batches, aborted)) {
      for (const record of readRecords(batch, await decompress(batch.encoded, batch.compression))) {
        if (record.offset < from) continue
        if (records.length === maxRecords) {
          pieces.push({ partition, records, upTo: record.offset })
          records = []
        }
        records.push(sourceRecord(topic, partition, record))
      }
    }
    if (end > from) pieces.push({ partition, records, upTo: end })
    return pieces
  }

  /** Retention has overtaken the group, or the topic was made anew. */
  async #backInRange(partition: number, lost: bigint): Promise<Piece> {
    const first = (await this.bounds([partition], 'earliest')).get(partition) ?? 0n
    const next = lost < first ? first : ((await this.bounds([partition], this.#options.from)).get(partition) ?? first)
    const fields = { topic: this.#options.topic, partition, lost: String(lost), next: String(next) }
    this.#options.logger.warn(fields, 'the position of the group is not in the Kafka topic any more')
    return { partition, records: [], upTo: next }
  }

  pause(): Promise<undefined> {
    return new Promise(resolve => this.#options.clock.after(pauseMs, () => resolve(undefined)))
  }
}

const wordsOf: Readonly<Record<number, string>> = {
  3: 'UNKNOWN_TOPIC_OR_PARTITION: there is no such topic',
  29: 'TOPIC_AUTHORIZATION_FAILED: no right to read the topic',
}

function sourceRecord(topic: string, partition: number, record: StoredRecord): SourceRecord {
  const { key, value, offset, timestamp, headers } = record
  return {
    topic,
    key: key && Uint8Array.from(key),
    value: value === undefined ? none : Uint8Array.from(value),
    headers: headers.map(([name, bytes]) => [name, bytes.toString()] as const),
    timestamp,
    id: `${topic}/${partition}/${offset}`,
  }
}
