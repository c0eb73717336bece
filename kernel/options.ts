import type { Ban } from './access/index.ts'
import type { AuthPlugin, Rule } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import type { ListenerOptions } from './contract/connection.ts'
import type { Logger } from './contract/observe.ts'
import type { ProtocolPlugin } from './contract/protocol.ts'
import type { StoragePlugin } from './contract/storage.ts'
import type { Limits } from './limits.ts'
import type { AlarmProbes } from './observe/alarm-probes.ts'

/** A plugin and its options, checked against the plugin's own description when it is opened. */
export interface Chosen<P> {
  readonly plugin: P
  readonly options?: Readonly<Record<string, unknown>>
}

export interface AccessOptions {
  /** Asked in order. */
  readonly authenticators?: readonly Chosen<AuthPlugin<never>>[]
  /** Clients without user name and password. Default: 'loopback'. */
  readonly anonymous?: 'never' | 'loopback' | 'always'
  readonly rules?: readonly Rule[]
  /** When no rule applies. Default: 'allow' while there is no rule at all, else 'deny'. */
  readonly noMatch?: 'allow' | 'deny'
  /** Takes the user name from the client certificate. Default: 'none'. */
  readonly certificateUser?: 'none' | 'common-name'
  /** Kept out beside those banned while the broker runs; who is in already stays. */
  readonly bans?: readonly Ban[]
  /** More than `disconnects` within `windowMs` bans the client id for `banMs`. Default: off. */
  readonly flapping?: { readonly disconnects: number; readonly windowMs: number; readonly banMs: number }
}

export interface KernelOptions {
  /** The node's name. Default: 'robustmq'. */
  readonly node?: string
  readonly protocols: readonly Chosen<ProtocolPlugin<never>>[]
  /** Default: nothing; a broker without listeners serves its embedder only. */
  readonly listeners?: readonly ListenerOptions[]
  /** Default: memory; nothing survives the process. */
  readonly storage?: Chosen<StoragePlugin<never>>
  readonly access?: AccessOptions
  readonly limits?: Partial<Limits>
  /** What a full queue does. Default: 'drop-oldest'. */
  readonly overflow?: 'drop-oldest' | 'drop-newest'
  /** Default: silence. */
  readonly logger?: Logger
  readonly clock?: Clock
  /** Percentages of memory, CPU and disk at which an alarm is raised. */
  readonly alarms?: {
    readonly memoryPercent?: number
    readonly cpuPercent?: number
    readonly diskPercent?: number
    /** Default: this process, this machine, and the storage's own account. */
    readonly probes?: Partial<AlarmProbes>
  }
}
