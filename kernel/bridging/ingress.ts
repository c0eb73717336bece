import { type BridgeSource, isBridgeFailure, type SourceBatch, type SourceRecord } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'
import { isBrokerError } from '../contract/errors.ts'
import type { Header } from '../contract/message.ts'
import { Message } from '../contract/message.ts'
import type { Logger } from '../contract/observe.ts'
import { isRejected, Rejected, viaHeader } from '../contract/scope.ts'
import type { Space } from '../contract/space.ts'
import { Backoff } from './backoff.ts'
import type { BridgeCounts } from './bridge-counts.ts'
import type { IngressOptions } from './bridge-options.ts'
import type { BridgeStanding } from './bridge-state.ts'
import { messageOf } from './egress.ts'
import { hopsOf, RecordScope } from './message-scope.ts'
import { pause, within } from './pause.ts'

/** Batches that are being stored while the next is asked for. */
const batchesUnderWay = 4
/** How long what was published when the bridge stops may take to be stored and told. */
const stopMs = 2_000

export interface IngressHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly counts: BridgeCounts
  readonly standing: BridgeStanding
  readonly node: string
  readonly hop: string
  readonly space: Space
  /** Makes a dead letter of it; durable when it resolves. */
  bury(record: SourceRecord, why: Rejected): Promise<void>
}

/** The way in: records become publishes, and the far side is told when they are durable. */
export class Ingress {
  readonly #host: IngressHost
  readonly #options: IngressOptions
  readonly #source: BridgeSource
  readonly #backoff: Backoff
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(host: IngressHost, options: IngressOptions, source: BridgeSource) {
    this.#host = host
    this.#options = options
    this.#source = source
    this.#backoff = new Backoff(options.retry.backoff)
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the bridge stops'))
    await within(this.#host.clock, stopMs, this.#running)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const pauseMs = await this.#read()
      if (!signal.aborted) await pause(this.#host.clock, pauseMs, signal)
    }
  }

  /** Reads until something goes wrong; returns how long to wait then. */
  async #read(): Promise<number> {
    const { signal } = this.#stop
    const underWay: Promise<void>[] = []
    // Ends this reading when something of it could not be stored.
    const reading = new AbortController()
    const end = (): void => reading.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    let failure: unknown = new Error('the far side ended it')
    let told: Promise<void> = Promise.resolve()
    try {
      for await (const batch of this.#source.read(reading.signal, () => this.#ready())) {
        const stored = this.#take(batch)
        // The far side is told in order, and of nothing after what was not stored.
        told = Promise.all([told, stored]).then(() => batch.stored())
        told.catch(error => {
          failure = error
          reading.abort(error)
        })
        underWay.push(told)
        if (underWay.length > batchesUnderWay) await underWay.shift()
        if (reading.signal.aborted) break
      }
    } catch (error) {
      failure = error
    } finally {
      signal.removeEventListener('abort', end)
    }
    await Promise.allSettled(underWay)
    reading.abort()
    return signal.aborted ? 0 : this.#failed(failure)
  }

  #ready(): void {
    this.#backoff.succeeded()
    this.#host.standing.running()
  }

  /** Publishes a batch in its order; resolves when all of it is durable. */
  async #take({ records }: SourceBatch): Promise<void> {
    const { space, counts } = this.#host
    const stored = new Set<Promise<unknown>>()
    let bytes = 0
    for (const record of records) {
      bytes += record.value.length
      const published = this.#publish(record)
      if (isRejected(published)) stored.add(this.#reject(record, published))
      else if (typeof published !== 'number') stored.add(published)
      counts.received.value++
    }
    const wait = space.throttle(bytes)
    await Promise.all([...stored, wait])
    this.#ready()
  }

  async #reject(record: SourceRecord, why: Rejected): Promise<void> {
    await this.#host.bury(record, why)
    this.#host.counts.rejected.value++
  }

  /** Publishes one record again. @throws BrokerError */
  async publishAgain(record: SourceRecord): Promise<void> {
    const published = this.#publish(record)
    if (isRejected(published)) await this.#host.bury(record, published)
    else await published
  }

  #publish(record: SourceRecord): number | Promise<number> | Rejected {
    const { clock, counts, node, hop, space } = this.#host
    const headers = record.headers ?? []
    if (headers.length > 0 && hopsOf(headers).includes(hop)) {
      counts.looped.value++
      return 0
    }
    const scope = new RecordScope(record, { node, hop, nowMs: clock.now() })
    const made = this.#messageOf(scope)
    if (isRejected(made)) return made
    try {
      return space.publish(made)
    } catch (error) {
      // A topic that no topic can be, or that is the broker's, is the record's fault; a full disk or buffer is not.
      if (isBrokerError(error, 'TOPIC_INVALID') || isBrokerError(error, 'NOT_AUTHORIZED'))
        return new Rejected(error.code, error.message)
      throw error
    }
  }

  #messageOf(scope: RecordScope): Message | Rejected {
    const { publish } = this.#options
    const topic = publish.topic.text(scope)
    if (isRejected(topic)) return topic
    if (topic === undefined || topic === '') return new Rejected('TOPIC_MISSING', 'publish.topic gives nothing')
    const payload = publish.payload.render(scope)
    if (isRejected(payload)) return payload
    const headers = this.#headersOf(scope)
    if (isRejected(headers)) return headers
    const { contentType, correlationId, replyTo, expiresAt } = scope
    return new Message({
      topic,
      payload: payload ?? new Uint8Array(0),
      guarantee: publish.qos,
      retain: publish.retain,
      headers,
      contentType,
      correlationId,
      replyTo,
      expiresAt,
      publishedAt: scope.timestamp,
    })
  }

  #headersOf(scope: RecordScope): readonly Header[] | Rejected {
    const headers: Header[] = []
    const { headers: templates } = this.#options.publish
    if (templates === undefined) headers.push(...scope.headers.filter(([name]) => name !== viaHeader))
    else {
      for (const [name, template] of Object.entries(templates)) {
        const value = template.text(scope)
        if (isRejected(value)) return value
        if (value !== undefined) headers.push([name, value])
      }
    }
    headers.push([viaHeader, scope.via])
    return headers
  }

  #failed(error: unknown): number {
    const { standing, logger } = this.#host
    const failure = isBridgeFailure(error) ? error : undefined
    const pauseMs = this.#backoff.next(failure?.wants)
    const why = messageOf(error)
    logger.debug({ bridge: this.#options.name, why, failures: this.#backoff.failures }, 'reading a far side ended')
    if (failure?.wants === 'mend' || this.#backoff.failures > 1) standing.degraded(why)
    return failure?.afterMs ?? pauseMs
  }
}
