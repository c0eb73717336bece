import type { PermissionOptions, Standing } from '../access/index.ts'
import { firstKind } from '../cluster/socket-peer.ts'
import type { Credentials, Identity } from '../contract/access.ts'
import type { Peer as ClientPeer, ListenerOptions, TlsOptions } from '../contract/connection.ts'
import type { BindRequest, SessionOptions } from '../contract/session.ts'
import type { Bound as BoundListener } from '../front.ts'
import type { Limits } from '../limits.ts'

/**
 * Frames of a worker to the owner. Numbers of connections, spaces and sessions are given out by the worker and never
 * used again; a ticket is what it waits for by: 0, it does not.
 */
export const toOwner = {
  /** space, ticket, message */
  publish: firstKind,
  /** session, ticket, identifier, message */
  publishOnce: firstKind + 1,
  /** session, ticket, identifier */
  release: firstKind + 2,
  /** session, credit, description as JSON */
  consume: firstKind + 3,
  /** session, credit */
  grant: firstKind + 4,
  /** session, delivery, outcome */
  settle: firstKind + 5,
  /** session, delivery, ticket, note */
  note: firstKind + 6,
  /** session */
  hold: firstKind + 7,
  /** session */
  resume: firstKind + 8,
  /** space, bytes of a publish that did not cross */
  charge: firstKind + 9,
  /** connection */
  left: firstKind + 10,
  /** space, protocol, tenant */
  system: firstKind + 11,
  /** name, detail as JSON */
  event: firstKind + 12,
  /** numbers, each with what was added to it */
  counted: firstKind + 13,
  /** listener, how many connections came (1) or went (0) */
  connections: firstKind + 14,
  /** ticket */
  fence: firstKind + 15,
} as const

/** Frames of the owner to a worker. */
export const toWorker = {
  /** message, then for each who gets it: session, form, note where there is one, way where it is new */
  deliver: firstKind,
  /** first ticket, how many, how many queues were reached */
  done: firstKind + 1,
  /** first ticket, how many, code, message */
  failed: firstKind + 2,
  /** ticket of a client whose session is another's, or whose connection is gone: it gets no answer */
  dropped: firstKind + 3,
  /** space, whether its publisher is to wait */
  throttle: firstKind + 4,
  /** connection, reason */
  close: firstKind + 5,
  /** listener, connections that other workers have of it */
  elsewhere: firstKind + 6,
  /** rules as JSON */
  access: firstKind + 7,
  /** whether the owner wants to be asked after each publish */
  careful: firstKind + 8,
  /** whether somebody traces: then publishes that will be refused cross as well */
  traced: firstKind + 9,
} as const

export const outcomes = ['accept', 'reject', 'requeue'] as const

/** The form of a delivery: guarantee, then these, then the number of its way. A new way: guarantee, replay, bindings as JSON. */
export const deliveryForm = {
  guarantee: 0b11,
  redelivered: 1 << 2,
  noted: 1 << 3,
  newVia: 1 << 4,
  viaShift: 5,
} as const

/** Questions of a worker, and their bodies. */
export const asksOwner = {
  hello: 0,
  ready: 1,
  login: 2,
  step: 3,
  admit: 4,
  session: 5,
  bind: 6,
  unbind: 7,
  end: 8,
} as const

/** Questions of the owner, and their bodies. */
export const asksWorker = { taken: 0, reloadProtocol: 1, replaceTls: 2, stop: 3 } as const

export interface Welcome {
  readonly node: string
  readonly limits: Limits
  readonly access: PermissionOptions
  /** Methods of challenge and response. */
  readonly methods: readonly string[]
  /** Publishes that are refused before they cross are counted against a rate. */
  readonly charges: boolean
}

export interface ReadyBody {
  readonly listeners: readonly BoundListener[]
}

/** Of the connection: sent with each, because most ask once. */
export interface CallerBody {
  readonly connection: number
  readonly peer: ClientPeer
  readonly listener: string
}

export interface LoginBody extends CallerBody {
  readonly protocol: string
  readonly space: number
  readonly credentials: Credentials
}

export interface StepBody extends CallerBody {
  readonly protocol: string
  readonly exchange: number
  readonly method: string
  readonly data: Uint8Array
}

export interface AdmitBody extends CallerBody {
  readonly protocol: string
  readonly space: number
  readonly identity: Identity
  readonly clientId: string
}

/** Enough of a principal to make its equal. */
export interface PrincipalBody {
  readonly standing: Standing
  readonly clientId: string
  readonly tenant: string
  readonly address: string
  readonly expiresAt: number | undefined
}

export interface SessionBody {
  readonly space: number
  readonly session: number
  readonly id: string
  readonly options: Pick<SessionOptions, 'clean' | 'expiresAfterMs' | 'will'>
}

export interface OpenedBody {
  readonly id: string
  readonly resumed: boolean
  /** It outlives its connection. */
  readonly lasts: boolean
  readonly held: readonly number[]
  readonly notes: readonly number[]
}

export interface BindBody {
  readonly session: number
  readonly requests: readonly BindRequest[]
}

export interface BoundBody {
  readonly bound: boolean
  readonly existed: boolean
  readonly error: { readonly code: string; readonly message: string } | undefined
}

export interface UnbindBody {
  readonly session: number
  readonly filters: readonly { filter: string; group?: string | undefined }[]
}

export interface EndBody {
  readonly session: number
  readonly will: 'publish' | 'discard'
  readonly expiresAfterMs: number | undefined
}

/** Answered when its connection has been told. */
export interface TakenBody {
  readonly session: number
  readonly reason: Parameters<SessionOptions['taken']>[0]
}

export interface ReloadProtocolBody {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
}

export interface ReplaceTlsBody {
  readonly listener: ListenerOptions['name']
  readonly tls: TlsOptions
}
