import {
  BridgeFailure,
  type BridgeSource,
  type Clock,
  type Counter,
  type Logger,
  type SourceBatch,
  type SourceRecord,
} from '../../../kernel/plugin.ts'
import type { Cluster } from '../client/cluster.ts'
import { Consumer, type SubscriptionType } from '../client/consumer.ts'
import type { MessageId } from '../client/grammar.ts'
import type { Entry, Incoming } from '../client/incoming.ts'
import { asPulsarError, PulsarError } from '../client/pulsar-error.ts'
import { partitionName } from '../client/topic-name.ts'

/** Partitions may be added to a topic; other clients look as often. */
const partitionsForMs = 60_000
/** Handed over at once, so that what is stored together does not grow with what waits. */
const maxBatchRecords = 2_000

export interface SourceOptions {
  readonly topic: string
  readonly subscription: string
  readonly type: SubscriptionType
  readonly from: 'earliest' | 'latest'
  /** How the broker names this reader; those of a failover subscription take over in the order of their names. */
  readonly name: string
  readonly maxMessages: number
  readonly maxBytes: number
  readonly clock: Clock
  readonly logger: Logger
  readonly unreadable: Counter
}

/** Reads a topic, all of its partitions, as one consumer of a subscription. An entry is acknowledged when it is stored. */
export class PulsarSource implements BridgeSource {
  readonly #cluster: Cluster
  readonly #options: SourceOptions

  constructor(cluster: Cluster, options: SourceOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  async *read(signal: AbortSignal, ready: () => void): AsyncGenerator<SourceBatch> {
    const reading = new Reading(this.#cluster, this.#options, signal)
    try {
      await reading.open()
      ready()
      for (;;) {
        const batch = await reading.next()
        if (batch === undefined) return
        yield batch
      }
    } catch (error) {
      if (!signal.aborted) throw failureOf(error)
    } finally {
      await reading.close()
    }
  }

  async close(): Promise<void> {}
}

/** A reader of one partition, and how it acknowledges. */
interface Lane {
  readonly consumer: Consumer
  /** Entries without anything for us, to be acknowledged with those after them. */
  empty: MessageId[]
  /** Once an entry was left out, "all up to here" is no longer true. */
  kind: 'individual' | 'cumulative'
}

interface Waiting {
  readonly partition: number
  readonly entry: Entry
}

/** From one `read` to its end. */
class Reading {
  readonly #cluster: Cluster
  readonly #options: SourceOptions
  readonly #signal: AbortSignal
  readonly #lanes = new Map<number, Lane>()
  #waiting: Waiting[] = []
  #handedOver: { readonly lane: Lane; readonly entry: Entry }[] = []
  #failure: PulsarError | undefined
  #wake = () => {}
  #cancelLook = () => {}
  readonly #onAbort = () => this.#wake()

  constructor(cluster: Cluster, options: SourceOptions, signal: AbortSignal) {
    this.#cluster = cluster
    this.#options = options
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort)
  }

  async open(): Promise<void> {
    const { topic, clock } = this.#options
    const partitions = await this.#cluster.partitionsOf(topic, this.#signal)
    const missing = Array.from({ length: Math.max(1, partitions) }, (_, partition) => partition)
    await Promise.all(
      missing.filter(partition => !this.#lanes.has(partition)).map(partition => this.#openLane(partition, partitions)),
    )
    this.#cancelLook = clock.after(partitionsForMs, () => {
      this.open().catch(error => this.#fail(asPulsarError(error)))
    })
  }

  /** What has come; undefined when the signal ended it. The one before is then released. */
  async next(): Promise<SourceBatch | undefined> {
    for (const { lane, entry } of this.#handedOver.splice(0)) lane.consumer.release(entry)
    for (;;) {
      if (this.#signal.aborted) return undefined
      const batch = this.#take()
      if (batch !== undefined) return batch
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  async close(): Promise<void> {
    this.#cancelLook()
    this.#failure ??= new PulsarError('CLOSED', 'reading has ended')
    this.#signal.removeEventListener('abort', this.#onAbort)
    // What was handed over and not acknowledged comes again, to whoever reads next.
    await Promise.all([...this.#lanes.values()].map(({ consumer }) => consumer.close()))
  }

  async #openLane(partition: number, partitions: number): Promise<void> {
    const { topic, subscription, type, from, name, maxMessages, maxBytes } = this.#options
    const consumer = await Consumer.open(
      this.#cluster,
      {
        ...{ subscription, type, from, name, maxMessages, maxBytes },
        topic: partitions === 0 ? topic : partitionName(topic, partition),
        onEntry: entry => {
          this.#waiting.push({ partition, entry })
          this.#wake()
        },
        onClosed: error => this.#fail(error),
      },
      this.#signal,
    )
    const kind = type === 'exclusive' || type === 'failover' ? 'cumulative' : 'individual'
    this.#lanes.set(partition, { consumer, empty: [], kind })
    this.#wake()
    // The end may have come while this one was opened.
    if (this.#failure !== undefined) await consumer.close()
  }

  #take(): SourceBatch | undefined {
    const records: SourceRecord[] = []
    const done = new Map<Lane, MessageId[]>()
    let taken = 0
    for (; taken < this.#waiting.length && records.length < maxBatchRecords; taken++) {
      const { partition, entry } = this.#waiting[taken] as Waiting
      const lane = this.#lanes.get(partition)
      // An entry may come in the moment before its lane is known.
      if (lane === undefined) break
      this.#handedOver.push({ lane, entry })
      if (entry.unreadable !== undefined) this.#leaveOut(lane, entry, entry.unreadable)
      else if (entry.messages.length === 0) lane.empty.push(entry.id)
      else {
        for (const message of entry.messages) records.push(recordOf(message, lane.consumer.topic, entry.id))
        const ids = done.get(lane)
        if (ids === undefined) done.set(lane, [...lane.empty.splice(0), entry.id])
        else ids.push(...lane.empty.splice(0), entry.id)
      }
    }
    this.#waiting = this.#waiting.slice(taken)
    if (records.length > 0) return { records, stored: () => this.#acknowledge(done) }
    for (const { lane, entry } of this.#handedOver.splice(0)) lane.consumer.release(entry)
    return undefined
  }

  /** It stays in the subscription, unacknowledged: who can read it may, and nothing is lost. */
  #leaveOut(lane: Lane, { id, redeliveries }: Entry, why: PulsarError): void {
    const { logger, unreadable } = this.#options
    lane.kind = 'individual'
    unreadable.value++
    const entry = `${id.ledgerId}:${id.entryId}`
    logger.error(
      { topic: lane.consumer.topic, entry, redeliveries },
      `an entry cannot be read and stays in the subscription: ${why.message}`,
    )
  }

  /** Not waited for: if it is lost with the connection, its records come again. */
  #acknowledge(done: ReadonlyMap<Lane, readonly MessageId[]>): void {
    for (const [{ consumer, kind }, ids] of done) {
      consumer.acknowledge(ids, kind).catch(error => {
        if (consumer.ended === undefined) this.#fail(asPulsarError(error))
      })
    }
  }

  #fail(error: PulsarError): void {
    this.#failure ??= error
    this.#wake()
  }
}

function recordOf(message: Incoming, topic: string, { ledgerId, entryId }: MessageId): SourceRecord {
  return {
    topic,
    key: message.key,
    // A tombstone: there is nothing to be published but that.
    value: message.value ?? empty,
    headers: message.properties,
    timestamp: message.eventTime ?? message.publishTime,
    id: `${topic}:${ledgerId}:${entryId}:${message.index}`,
  }
}

const empty = new Uint8Array()

/** Reading cannot put a message aside: what no repeat would change has to be mended. */
function failureOf(error: unknown): BridgeFailure {
  const failure = asPulsarError(error)
  return new BridgeFailure(failure.message, { wants: failure.wants === 'repeat' ? 'repeat' : 'mend', cause: error })
}
