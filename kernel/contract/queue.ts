import type { Guarantee, Message } from './message.ts'

/** How a session wants what a filter matches. Kept with a durable session and given back with each delivery. */
export interface BindOptions {
  readonly guarantee: Guarantee
  /** What is published with less is taken with this guarantee all the same, and kept by a durable session. */
  readonly raise?: boolean
  /** Without what this session itself published. */
  readonly excludeOwn?: boolean
  /** Members of a group share what matches: each message goes to one of them. */
  readonly group?: string
  /** Refused while another session holds the same filter exclusively. */
  readonly exclusive?: boolean
  /** What the protocol wants back with each delivery: JSON. */
  readonly data?: unknown
}

export interface Binding {
  readonly filter: string
  readonly options: BindOptions
}

/**
 * Why a message reaches a queue: what the bindings that matched ask for, one copy for all of them. One object serves all
 * messages that match alike, so a protocol computes what it needs once and leaves it in `cache`.
 */
export interface Via {
  /** Not by which filters: a session's bindings that ask for the same may be one way. */
  readonly bindings: readonly Pick<Binding, 'options'>[]
  /** The highest guarantee among the bindings. */
  readonly guarantee: Guarantee
  /** True: the topic's retained value, sent because of a new binding. */
  readonly replay: boolean
  cache: unknown
}

/** A delivery that must be settled: the handle a protocol keeps beside its own identifier. */
export interface Delivery {
  readonly message: Message
  readonly via: Via
  /** Above 0: the least of published, bound and taken. */
  readonly guarantee: Guarantee
  /** What `Consumer.note` kept last, also through a restart; 0 at first. */
  readonly note: number
  /** It was handed out before and not settled. */
  readonly redelivered: boolean
}

export interface Receiver {
  /**
   * One message, in order, in the turn it was published in whenever possible. `delivery` is undefined when there is
   * nothing to settle. The message's payload is only lent when it was not kept.
   */
  deliver(message: Message, via: Via, delivery: Delivery | undefined): void
}

/** The receiving end of a queue. Unsettled deliveries are held against its credit. */
export interface Consumer {
  /** Sets how many deliveries may be unsettled at once. */
  grant(credit: number): void
  /** accept: done. reject: done, and counted. requeue: back to the front of the queue. Unknown deliveries are ignored. */
  settle(delivery: Delivery, outcome: 'accept' | 'reject' | 'requeue'): void
  /** Keeps a number with an unsettled delivery. Resolves, or is undefined, when it is as durable as the queue is. */
  note(delivery: Delivery, note: number): Promise<void> | undefined
  /** The peer is slow: hand out nothing until `resume`. */
  hold(): void
  resume(): void
  /** Unsettled deliveries. */
  readonly unsettled: number
}
