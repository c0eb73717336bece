import type { Credentials, Exchange, Identity } from './access.ts'
import type { Clock } from './clock.ts'
import type { Caller, Connection } from './connection.ts'
import type { Counters, Events, Logger } from './observe.ts'
import type { Plugin } from './plugin.ts'
import type { Space } from './space.ts'

/** What a protocol plugin is opened with. */
export interface ProtocolHost {
  /** The node's name. */
  readonly node: string
  readonly version: string
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  readonly events: Events
  readonly limits: Readonly<{
    topicBytes: number
    topicLevels: number
    sessionBindings: number
    sessionExpiryMs: number
  }>
  /**
   * Who is this? Blacklist, limits, the authentication chain, permissions, in this order.
   * @throws BrokerError BANNED, LIMIT_REACHED, RATE_EXCEEDED, NOT_AUTHORIZED
   */
  login(credentials: Credentials, caller: Caller): Promise<Space>
  /**
   * Starts a challenge-response run; undefined when no authenticator offers the method.
   * @throws BrokerError RATE_EXCEEDED at once, or by the first step.
   */
  exchange(method: string, caller: Caller): Exchange | undefined
  /** The space of whoever ended an exchange well; the same checks as `login`. */
  admit(identity: Identity, clientId: string, caller: Caller): Promise<Space>
  /** The broker's own space in a tenant, behind no permission: for its status topics. */
  system(tenant?: string): Space
  /** Aborted when the broker is closing: say good-bye to clients, in the protocol's words. */
  readonly closing: AbortSignal
}

export interface Protocol {
  /**
   * Serves one connection. A promise's end ends the connection; its rejection is logged, counted, and ends it too.
   * Undefined: the connection lasts until it is closed, and costs no promise meanwhile.
   */
  serve(connection: Connection): Promise<void> | undefined
  /** WebSocket subprotocols, most wanted first, and the default path. */
  readonly websocket?: { readonly subprotocols: readonly string[]; readonly path: string }
  /**
   * Starts what runs once, however many processes of this node serve clients: status topics, timers. Called after `open`,
   * in one process only; the others never hear of it.
   */
  lead?(): void
  inspect?(): Record<string, unknown>
  /** Applies changed options without a restart. */
  reload?(options: unknown): Promise<void>
  close(): Promise<void>
}

export type ProtocolPlugin<Options = unknown> = Plugin<'protocol', ProtocolHost, Protocol, Options>
