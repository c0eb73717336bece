import type { Binding, BindOptions } from '../contract/queue.ts'
import type { ConnectionInfo } from '../contract/session.ts'

/** A session as an operator sees it. */
export interface SessionView {
  readonly tenant: string
  /** The name of its protocol's plugin; ids are unique within protocol and tenant. */
  readonly protocol: string
  readonly clientId: string
  readonly user: string | undefined
  readonly address: string | undefined
  readonly connected: boolean
  /** Of the connection that holds it, where the protocol tells. */
  readonly connection: ConnectionInfo | undefined
  /** When its last connection ended: ms since the epoch. */
  readonly endedAt: number | undefined
  /** How long it outlives a connection; Infinity: for ever. */
  readonly expiresAfterMs: number
  readonly bindings: number
  /** Messages waiting or handed out and not settled. */
  readonly depth: number
  readonly unsettled: number
  readonly waitingBytes: number
  readonly willTopic: string | undefined
  /** Its bindings as they are kept: whoever looks at very many makes views of few. */
  readonly filters: Iterable<Binding>
}

export interface BindingView {
  readonly tenant: string
  readonly protocol: string
  readonly clientId: string
  readonly filter: string
  readonly options: BindOptions
}
