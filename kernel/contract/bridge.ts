import type { Clock } from './clock.ts'
import type { Header } from './message.ts'
import type { Counters, Logger } from './observe.ts'
import type { OptionsSpec, Plugin } from './plugin.ts'
import type { Rejected, Scope } from './scope.ts'

/** What a bridge plugin is opened with. */
export interface BridgeHost {
  /** The node's name. */
  readonly node: string
  readonly version: string
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
}

/**
 * A way to a far side. The kernel owns what is hard to get right: the durable cursor, batches, repeats, dead letters,
 * pausing, states, numbers. The plugin sends, reads and tests. `options` are those of a connection.
 */
export interface BridgePlugin<Options = unknown, To = unknown, From = unknown, Delivery = unknown>
  extends Plugin<'bridge', BridgeHost, BridgeConnection<To, From, Delivery>, Options> {
  /** What it leads to, in one sentence, for those who choose one. */
  readonly describe?: string
  /** Of an egress, under `to` beside `connection`. Absent: this plugin has no egress. */
  readonly to?: OptionsSpec
  /** Of an egress, under `delivery` beside the kernel's `linger`, `batch` and `batchMessages`, whose defaults it may replace. */
  readonly delivery?: OptionsSpec
  /** Of an ingress, under `ingress` beside `connection`. Absent: this plugin has no ingress. */
  readonly from?: OptionsSpec
}

/** Which bridge a sink or source is for. */
export interface BridgeUse {
  readonly bridge: string
}

/** One entry of `connections`. Opening it contacts nobody. */
export interface BridgeConnection<To = unknown, From = unknown, Delivery = unknown> {
  /** Contacts nobody: the first `send` does. @throws BrokerError CONFIG_INVALID for options that do not go together. */
  egress?(to: To, delivery: Delivery, use: BridgeUse): BridgeSink
  /** Contacts nobody: `read` does. @throws BrokerError CONFIG_INVALID */
  ingress?(from: From, use: BridgeUse): BridgeSource
  /** The ladder: one rung at a time, from the name in DNS up to the topic. It ends after the first that failed. */
  test(target: TestTarget<To, From>, signal: AbortSignal): AsyncIterable<Rung>
  close(): Promise<void>
}

/** What of a bridge is tested beyond its connection; nothing, where the connection alone is tested. */
export interface TestTarget<To = unknown, From = unknown> {
  readonly to?: To
  readonly from?: From
}

/** One step of a test. */
export interface Rung {
  /** DNS, TCP, TLS, login, metadata, topic, or the plugin's own. */
  readonly name: string
  readonly ms: number
  readonly ok: boolean
  /** What was found, such as an address, or days that a certificate is still valid. Never a secret. */
  readonly detail: string
  /** What to do about it, when it failed. */
  readonly mend?: string
}

/** `Item`: what one message becomes for the far side. It owns its bytes. */
export interface BridgeSink<Item = unknown> {
  /** Pure and at once. A message that cannot be sent as it is, for a missing path or a wrong topic, is rejected. */
  prepare(scope: Scope): Item | Rejected
  /** What it counts for in a batch. */
  bytesOf(item: Item): number
  /**
   * Resolves when the far side has acknowledged all of them. One call at a time. Items of one key arrive in this order.
   * Nothing is repeated in here: the kernel does that, with what was neither taken nor rejected first.
   * @throws BridgeFailure. Anything else counts as a failure to be repeated.
   */
  send(items: readonly Item[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** One record of a far side. It owns its bytes. */
export interface SourceRecord {
  readonly topic: string
  readonly key?: Uint8Array | string | undefined
  readonly value: Uint8Array
  readonly headers?: readonly Header[] | undefined
  /** When it was made, ms since the epoch. Default: now. */
  readonly timestamp?: number | undefined
  /** What names it over there: a topic, partition and offset. The same when it is read again. */
  readonly id: string
  readonly qos?: number | undefined
  readonly retain?: boolean | undefined
  readonly contentType?: string | undefined
  readonly correlationId?: Uint8Array | undefined
  readonly replyTo?: string | undefined
  readonly expiresAt?: number | undefined
}

/** Records in their order. */
export interface SourceBatch {
  readonly records: readonly SourceRecord[]
  /**
   * Called once, when all of them are stored, and in the order of the batches: now the far side may be told, by an
   * acknowledgement or a committed offset.
   */
  stored(): Promise<void> | void
}

export interface BridgeSource {
  /**
   * Ends only by the signal or by an error; the kernel calls it again after a pause, and what was not `stored` must come
   * again then. The next batch is asked for when there is room for it: that is the far side's back-pressure.
   * `ready` is to be called when it is connected and reads, for the bridge's state.
   * @throws BridgeFailure
   */
  read(signal: AbortSignal, ready: () => void): AsyncIterable<SourceBatch>
  close(): Promise<void>
}

/** The same in every copy of this file: a plugin's package may bring its own. */
const brand = Symbol.for('robustmq.BridgeFailure')

export interface BridgeFailureOptions {
  /**
   * repeat: it passes by itself; tried again after a pause. mend: somebody must change something (credentials, host,
   * rights); the bridge is degraded, an alarm says so, and it is tried again slowly. Default: repeat.
   */
  readonly wants?: 'repeat' | 'mend'
  /** Indexes of the batch that the far side acknowledged all the same. */
  readonly taken?: readonly number[]
  /** Indexes that the far side will never take: too large, an unknown topic, no right to it. They become dead letters. */
  readonly rejections?: readonly { readonly index: number; readonly why: Rejected }[]
  /** The far side asked for this pause. */
  readonly afterMs?: number | undefined
  readonly cause?: unknown
}

/** Why a batch did not go through as a whole, or why reading ended. The message names no secret. */
export class BridgeFailure extends Error {
  readonly wants: 'repeat' | 'mend'
  readonly taken: readonly number[]
  readonly rejections: readonly { readonly index: number; readonly why: Rejected }[]
  readonly afterMs: number | undefined
  readonly [brand] = true

  constructor(message: string, options: BridgeFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BridgeFailure'
    this.wants = options.wants ?? 'repeat'
    this.taken = options.taken ?? []
    this.rejections = options.rejections ?? []
    this.afterMs = options.afterMs
  }
}

export function isBridgeFailure(error: unknown): error is BridgeFailure {
  return typeof error === 'object' && error !== null && brand in error
}
