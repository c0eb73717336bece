import type { Clock } from './clock.ts'
import type { Peer } from './connection.ts'
import type { Logger } from './observe.ts'
import type { Plugin } from './plugin.ts'

/** publish; subscribe: to a filter; receive: one concrete topic, asked for each topic that is delivered. */
export type Action = 'publish' | 'subscribe' | 'receive'

/**
 * One rule. Rules are tried in order and the first that applies decides. All conditions given must hold. A subscribe is
 * allowed only by a rule whose filter covers the whole requested filter, and refused by a deny rule that covers it;
 * topics inside it that a deny rule names are withheld one by one, by 'receive'.
 */
export interface Rule {
  readonly effect: 'allow' | 'deny'
  /** Default: all. 'subscribe' in a rule also stands for 'receive'. */
  readonly action?: 'publish' | 'subscribe' | 'all'
  /** Topic filters; `%c` and `%u` stand for client id and user name, as one whole level. None: every topic. */
  readonly filters?: readonly string[]
  readonly user?: string
  readonly clientId?: string
  /** An address or a CIDR block. */
  readonly address?: string
}

/** Who a client is, as an authentication plugin knows it. */
export interface Identity {
  /** The user name; undefined for an anonymous client. */
  readonly user: string | undefined
  /** Default: the default tenant. */
  readonly tenant?: string
  /** Rules of this identity alone, tried before the configured ones. */
  readonly rules?: readonly Rule[]
  /** True: no rule is asked. */
  readonly superuser?: boolean
  /** The connection is closed at this time: ms since the epoch. */
  readonly expiresAt?: number
}

export interface Credentials {
  readonly clientId: string
  readonly user: string | undefined
  readonly password: Uint8Array | undefined
}

/** One challenge-response run (SCRAM, Kerberos, ...). */
export interface Exchange {
  /** The name the client gives, as soon as it is known: runs that fail are counted against it. */
  readonly user?: string | undefined
  /** Takes the client's data and answers with a challenge, or with the end of the run. */
  step(data: Uint8Array): Promise<{ challenge: Uint8Array } | { identity: Identity; data?: Uint8Array } | 'denied'>
}

export interface AuthHost {
  readonly logger: Logger
  readonly clock: Clock
}

export interface Authenticator {
  /** 'unknown': not mine, ask the next in the chain. 'denied': the chain stops here. */
  authenticate(credentials: Credentials, peer: Peer): Promise<Identity | 'unknown' | 'denied'>
  /** Starts a run of the named method; undefined when the plugin does not offer it. */
  exchange?(method: string, peer: Peer): Exchange | undefined
  /** Methods that `exchange` offers. */
  readonly methods?: readonly string[]
  /** Reads its sources again; on failure the old state stays and the promise rejects. */
  reload?(): Promise<void>
  inspect?(): Record<string, unknown>
  close(): Promise<void>
}

export type AuthPlugin<Options = unknown> = Plugin<'auth', AuthHost, Authenticator, Options>

/** An identity bound to a client and an address, with its rules compiled. All answers are synchronous and cached. */
export interface Principal {
  readonly clientId: string
  readonly user: string | undefined
  readonly tenant: string
  readonly address: string
  readonly expiresAt: number | undefined
  /**
   * For 'subscribe' the topic is a filter. Publishing to topics that begin with '$' is the broker's own unless
   * configured. The kernel asks on every path, by `permits`: a plugin need not.
   */
  may(action: Action, topic: string): boolean
}
