import { type BridgeSink, isBridgeFailure } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'
import type { Message } from '../contract/message.ts'
import type { Logger } from '../contract/observe.ts'
import type { Consumer, Delivery, Receiver, Via } from '../contract/queue.ts'
import { isRejected, Rejected } from '../contract/scope.ts'
import { sizeOf, Unsettled } from '../queues/delivery.ts'
import { Backoff } from './backoff.ts'
import type { BridgeCounts } from './bridge-counts.ts'
import type { EgressOptions } from './bridge-options.ts'
import type { BridgeStanding } from './bridge-state.ts'
import { Gathering } from './gathering.ts'
import { hopsOf, MessageScope, type WayOut } from './message-scope.ts'
import { Pace } from './pace.ts'
import { pause, within } from './pause.ts'

/** Batches of messages that are held in memory: one is being sent, one waits. */
const batchesHeld = 2
/** How long a batch that is being sent when the bridge stops may take to be acknowledged. */
const stopMs = 2_000
/** A far side that asks for a longer pause is asked again earlier. */
const longestAskedPauseMs = 300_000
/** In place of an item: the message is not sent, and that is right. */
const unwanted = Symbol('unwanted')

export interface EgressHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly counts: BridgeCounts
  readonly standing: BridgeStanding
  readonly node: string
  /** What this bridge is called on what goes through it. */
  readonly hop: string
  /** Resolves when what the spool holds there, and before, is durable, or refused. */
  committed(offset: number): Promise<void>
  /** Makes a dead letter of it; durable when it resolves. */
  bury(message: Message, why: Rejected): Promise<void>
}

/** One message of a batch. */
interface Entry {
  readonly delivery: Unsettled
  readonly item: unknown
  readonly bytes: number
  attempts: number
}

/**
 * The way out: what a durable queue hands over becomes batches, which are repeated until the far side has them; only
 * then is the queue told. Memory holds two batches, whatever waits.
 */
export class Egress implements Receiver {
  readonly #host: EgressHost
  readonly #options: EgressOptions
  readonly #sink: BridgeSink<unknown>
  readonly #gathering: Gathering
  readonly #backoff: Backoff
  readonly #pace: Pace
  readonly #way: WayOut
  readonly #stop = new AbortController()
  /** Aborts what is being sent, when waiting for it has no end. */
  readonly #cut = new AbortController()
  #consumer: (Consumer & { close(): void }) | undefined
  /** First of the next batch: what was sent and neither taken nor rejected. */
  #again: Entry[] = []
  #heldBytes = 0
  #unstored = 0
  /** What its queue may do: hand over what comes, or what waits as well; nothing until there is room, or until the next turn. */
  #flow: 'open' | 'refilling' | 'full' | 'resting' = 'open'
  #running: Promise<void> = Promise.resolve()

  constructor(host: EgressHost, options: EgressOptions, sink: BridgeSink<unknown>) {
    this.#host = host
    this.#options = options
    this.#sink = sink
    const { linger, batch, batchMessages } = options.delivery
    this.#gathering = new Gathering(host.clock, { lingerMs: linger, batchBytes: batch, batchMessages })
    this.#backoff = new Backoff(options.retry.backoff)
    this.#pace = new Pace(host.clock)
    const { node, hop } = host
    this.#way = { node, hop, idOf: (message, offset) => this.#idOf(message, offset) }
  }

  /** Deliveries that may be unsettled. */
  get credit(): number {
    return batchesHeld * this.#options.delivery.batchMessages
  }

  start(consume: (receiver: Receiver, credit: number) => Consumer & { close(): void }): void {
    this.#consumer = consume(this, this.credit)
    // What was handed over at once came before there was a consumer to hold.
    if (this.#flow === 'full') this.#consumer.hold()
    this.#running = this.#run()
  }

  deliver(_message: Message, _via: Via, delivery: Delivery | undefined): void {
    if (!(delivery instanceof Unsettled)) return
    this.#heldBytes += sizeOf(delivery.message)
    this.#gathering.add(delivery)
    if (this.#flow === 'full') return
    if (this.#heldBytes >= batchesHeld * this.#options.delivery.batch) return this.#hold('full')
    const rest = this.#flow === 'refilling' ? this.#pace.rest() : undefined
    if (!rest) return
    this.#hold('resting')
    void rest.then(() => {
      // What was on its way while it rested may have filled it.
      if (this.#flow === 'resting') this.#refill()
    })
  }

  #hold(until: 'full' | 'resting'): void {
    this.#flow = until
    this.#consumer?.hold()
  }

  /** With what waits in the queue, in turns: a whole batch of it would hold up every publish. */
  #refill(): void {
    this.#flow = 'refilling'
    this.#consumer?.resume()
    if (this.#flow === 'refilling') this.#flow = 'open'
  }

  /** What is being sent may be acknowledged; what is not stays in the queue. */
  async stop(): Promise<void> {
    this.#stop.abort()
    if (!(await within(this.#host.clock, stopMs, this.#running))) {
      this.#cut.abort(new Error('the bridge stops'))
      await within(this.#host.clock, stopMs, this.#running)
    }
    // Its queue has them back, in their order.
    this.#consumer?.close()
    this.#consumer = undefined
    this.#gathering.clear()
    this.#again = []
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      if (this.#again.length === 0) await this.#gathering.due(signal)
      if (signal.aborted) return
      const pauseMs = await this.#round()
      if (pauseMs > 0) await pause(this.#host.clock, pauseMs, signal)
    }
  }

  /** One batch; returns how long to wait before the next. */
  async #round(): Promise<number> {
    try {
      const batch = await this.#gather()
      if (batch.length === 0 || this.#stop.signal.aborted) return 0
      this.#again = batch
      return await this.#send(batch)
    } catch (error) {
      // Storage that has no room for a dead letter; or a plugin that breaks its contract.
      return this.#failed(error)
    }
  }

  /** What failed before, then what came meanwhile and is durable. */
  async #gather(): Promise<Entry[]> {
    const again = this.#again
    let bytes = 0
    for (const entry of again) bytes += sizeOf(entry.delivery.message)
    const taken = this.#gathering.take({ messages: again.length, bytes })
    if (taken.length === 0) return again
    let newest = -1
    for (const { offset } of taken) if (offset > newest) newest = offset
    await this.#host.committed(newest)
    const batch = [...again]
    const rejected: { delivery: Unsettled; why: Rejected }[] = []
    const nowMs = this.#host.clock.now()
    this.#pace.begin()
    for (const delivery of taken) {
      const item = this.#prepare(delivery, nowMs)
      if (item === unwanted) this.#settle(delivery, 'accept')
      else if (isRejected(item)) rejected.push({ delivery, why: item })
      else batch.push({ delivery, item, bytes: this.#sink.bytesOf(item), attempts: 0 })
      const rest = this.#pace.rest()
      if (rest) await rest
    }
    // Kept in order before anything may fail.
    this.#again = batch
    await this.#bury(rejected)
    return batch
  }

  /** What is sent of it. */
  #prepare({ message, offset }: Unsettled, nowMs: number): unknown | Rejected | typeof unwanted {
    const { counts, hop } = this.#host
    const { when, buffer } = this.#options
    if (buffer.maxAge > 0 && nowMs - message.publishedAt > buffer.maxAge) {
      counts.drop('too-old')
      return unwanted
    }
    if (message.headers.length > 0 && hopsOf(message.headers).includes(hop)) {
      counts.looped.value++
      return unwanted
    }
    const scope = new MessageScope(message, offset, this.#way)
    try {
      if (when && !when.holds(scope)) {
        counts.filtered.value++
        return unwanted
      }
      return this.#sink.prepare(scope)
    } catch (error) {
      return new Rejected('PLUGIN_FAILED', `the plugin could not prepare it: ${String(error)}`)
    }
  }

  /** Its place in the log, which no other message ever has; what is stored nowhere gets a number of this run. */
  #idOf({ publishedAt }: Message, offset: number): string {
    const { node } = this.#host
    if (offset !== -1) return `${node}-${offset}`
    return `${node}-${publishedAt.toString(36)}-${(this.#unstored++).toString(36)}`
  }

  async #send(batch: readonly Entry[]): Promise<number> {
    const { clock, counts, standing } = this.#host
    const startedAt = clock.now()
    try {
      await this.#sink.send(
        batch.map(({ item }) => item),
        this.#cut.signal,
      )
    } catch (error) {
      return this.#repeat(batch, error)
    }
    this.#again = []
    const tookMs = clock.now() - startedAt
    let bytes = 0
    this.#pace.begin()
    for (const { delivery, bytes: size } of batch) {
      bytes += size
      this.#settle(delivery, 'accept')
      const rest = this.#pace.rest()
      if (rest) await rest
    }
    counts.sentBatch(batch.length, bytes, tookMs)
    this.#backoff.succeeded()
    standing.running()
    return 0
  }

  /** Sorts a failed batch: taken, never to be taken, and to be sent again. */
  async #repeat(batch: readonly Entry[], error: unknown): Promise<number> {
    const { counts, standing } = this.#host
    const failure = isBridgeFailure(error) ? error : undefined
    const taken = new Set(failure?.taken)
    const rejections = new Map(failure?.rejections.map(({ index, why }) => [index, why]))
    const { attempts } = this.#options.retry
    const again: Entry[] = []
    const rejected: { delivery: Unsettled; why: Rejected }[] = []
    let sent = 0
    for (const [index, entry] of batch.entries()) {
      const why = rejections.get(index)
      if (taken.has(index)) {
        sent++
        this.#settle(entry.delivery, 'accept')
      } else if (why) rejected.push({ delivery: entry.delivery, why })
      else if (!this.#stop.signal.aborted && ++entry.attempts >= attempts && attempts > 0) {
        const reason = `not taken in ${entry.attempts} attempts: ${messageOf(error)}`
        rejected.push({ delivery: entry.delivery, why: new Rejected('ATTEMPTS_EXHAUSTED', reason) })
      } else again.push(entry)
    }
    counts.sent.value += sent
    this.#again = again
    await this.#bury(rejected)
    if (this.#stop.signal.aborted) return 0
    counts.retried.value += again.length
    // Only poison: the far side itself is well.
    if (failure && again.length === 0 && rejections.size > 0) {
      this.#backoff.succeeded()
      standing.running()
      return 0
    }
    return this.#failed(error)
  }

  #failed(error: unknown): number {
    const { standing, logger } = this.#host
    const failure = isBridgeFailure(error) ? error : undefined
    const progressed = failure !== undefined && failure.taken.length > 0
    if (progressed) this.#backoff.succeeded()
    const pauseMs = this.#backoff.next(failure?.wants)
    const why = messageOf(error)
    logger.debug({ bridge: this.#options.name, why, failures: this.#backoff.failures }, 'a batch did not get through')
    // One failure is a hiccup: a leader that moves, a server that is started anew.
    if (failure?.wants === 'mend' || this.#backoff.failures > 1) standing.degraded(why)
    return failure?.afterMs === undefined ? pauseMs : Math.min(failure.afterMs, longestAskedPauseMs)
  }

  /** Each is settled when its dead letter is durable; what cannot be stored is tried again with the batch. */
  async #bury(rejected: readonly { readonly delivery: Unsettled; readonly why: Rejected }[]): Promise<void> {
    if (rejected.length === 0) return
    const { signal } = this.#stop
    for (;;) {
      try {
        await Promise.all(rejected.map(({ delivery, why }) => this.#host.bury(delivery.message, why)))
        break
      } catch (error) {
        await pause(this.#host.clock, this.#failed(error), signal)
        if (signal.aborted) return
      }
    }
    this.#host.counts.rejected.value += rejected.length
    for (const { delivery } of rejected) this.#settle(delivery, 'accept')
  }

  #settle(delivery: Unsettled, outcome: 'accept'): void {
    this.#heldBytes -= sizeOf(delivery.message)
    this.#consumer?.settle(delivery, outcome)
    if (this.#flow === 'full' && this.#heldBytes <= this.#options.delivery.batch) this.#refill()
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
