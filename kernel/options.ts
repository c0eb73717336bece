import type { Ban } from './access/index.ts'
import type { BridgingOptions } from './bridging/bridge-options.ts'
import type { AuthPlugin, Rule } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import type { ListenerOptions } from './contract/connection.ts'
import type { Logger } from './contract/observe.ts'
import type { ProtocolPlugin } from './contract/protocol.ts'
import type { StoragePlugin } from './contract/storage.ts'
import type { Limits } from './limits.ts'
import type { AlarmProbes } from './observe/alarm-probes.ts'
import type { Chosen } from './plugins/chosen.ts'

export type { Chosen } from './plugins/chosen.ts'

export interface AccessOptions {
  /** Asked in order. */
  readonly authenticators?: readonly Chosen<AuthPlugin<never>>[]
  /** Clients without user name and password. Default: 'loopback'. */
  readonly anonymous?: 'never' | 'loopback' | 'always'
  readonly rules?: readonly Rule[]
  /** When no rule applies. Default: 'allow' while there is no rule at all, else 'deny'. */
  readonly noMatch?: 'allow' | 'deny'
  /** First levels that begin with '$' and that clients may publish to: others are the broker's own. Default: none. */
  readonly openTopics?: readonly string[]
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
  /** Ways to other systems. Default: none. */
  readonly bridging?: BridgingOptions
  readonly limits?: Partial<Limits>
  /** Offsets of the log of messages that are counted together: the step in which it is trimmed. Default: 1,024; fewer are for simulations. */
  readonly spoolBlock?: number
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
