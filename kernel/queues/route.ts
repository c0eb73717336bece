import type { MatchedVia } from './bound-filter.ts'
import type { Group } from './group.ts'
import type { Keepers } from './keepers.ts'
import type { Queue } from './queue.ts'

/** One queue a topic reaches, and by which of its bindings. */
export interface RouteTarget {
  readonly queue: Queue
  readonly via: MatchedVia
}

/** Everything one topic reaches. */
export interface Route {
  readonly targets: readonly RouteTarget[]
  readonly groups: readonly Group[]
  /** One of them keeps what it gets in the spool. */
  readonly stores: boolean
  /** One of them does so whatever the publisher asked for. */
  readonly raises: boolean
  /** Those that must not miss anything: full, they have the publisher refused. */
  readonly refusing: readonly RouteTarget[]
  /** One of them takes only what others published. */
  readonly excludesOwn: boolean
  /** Of the message before, for the next. */
  keepers: Keepers | undefined
}
