import type { BrokerError } from './errors.ts'
import type { Message, MessageFields } from './message.ts'
import type { Binding, BindOptions, Consumer, Receiver } from './queue.ts'

export interface Will {
  readonly message: MessageFields
  /** From the end of the connection; the session's own end comes first if it is earlier. */
  readonly delayMs: number
  /** How long it lives once it is published. */
  readonly expiresAfterMs?: number | undefined
}

/** A connection as its protocol describes it to an operator: to be shown, never to be judged by. */
export interface ConnectionInfo {
  /** With its version: 'Protocol 5.0'. */
  readonly speaks: string
  readonly listener: string
  readonly address: string
  readonly port: number
  readonly secure: boolean
  /** ms since the epoch. */
  readonly connectedAt: number
  /** What else the protocol can tell, in its own words. */
  readonly details: Readonly<Record<string, string | number | boolean>>
}

export interface SessionOptions {
  /** Throw away what an earlier session of this id left, and begin anew. */
  readonly clean: boolean
  /** How long the session outlives its connection: 0 ends with it, Infinity never ends. */
  readonly expiresAfterMs: number
  readonly will?: Will | undefined
  /** Called, once, when this connection loses the session. */
  readonly taken: (reason: 'taken-over' | 'kicked') => void
  /** Describes the connection that opens it, for as long as that has the session. */
  readonly inspect?: (() => ConnectionInfo) | undefined
}

/** What became of one requested binding. */
export interface Bound {
  /** Undefined when it was refused. */
  readonly binding: Binding | undefined
  readonly existed: boolean
  readonly error: BrokerError | undefined
}

export interface BindRequest {
  readonly filter: string
  readonly options: BindOptions
  /**
   * Whether the retained messages that the filter matches are delivered, after `bound` and before anything published
   * later. Default: they are not.
   */
  readonly replay?: 'always' | 'if-new'
}

/** One client's state: its queue, its bindings, what it owes and is owed. Held by one connection at a time. */
export interface Session {
  readonly id: string
  /** True when state of an earlier connection was found. */
  readonly resumed: boolean
  /** Notes of deliveries that a restart found unsettled and that were not handed out again yet, when this was opened. */
  readonly notes: Iterable<number>
  /**
   * Makes the bindings durable, then effective; a filter bound before is replaced without losing a message. `bound` is
   * called in the very turn they become effective, so that what the protocol writes there precedes any delivery.
   */
  bind(requests: readonly BindRequest[], bound: (results: readonly Bound[]) => void): Promise<void>
  /** Ends bindings; `ended` is called in the turn they end, with whether each existed. Started deliveries go on. */
  unbind(
    filters: readonly { filter: string; group?: string | undefined }[],
    ended: (existed: readonly boolean[]) => void,
  ): Promise<void>
  /** Begins delivery: first what was unsettled, in its old order, then the queue, then what is published. */
  consume(receiver: Receiver, credit: number): Consumer
  /**
   * Publishes under an identifier of the session's, once: kept in the same commit as the message until `release`.
   * Returns like `Space.publish`; undefined when the identifier is already held and nothing was published.
   */
  publishOnce(message: Message, id: number): number | Promise<number> | undefined
  /** Holds an identifier without a message, so that a refused one is not taken for new. */
  holds(id: number): boolean
  /** Forgets an identifier; durable before it resolves. */
  release(id: number): Promise<void> | undefined
  /**
   * The connection ends. `will: 'discard'` forgets the will. `expiresAfterMs` replaces the session's own. After a
   * takeover it does nothing.
   */
  end(options: { will: 'publish' | 'discard'; expiresAfterMs?: number | undefined }): Promise<void>
}
