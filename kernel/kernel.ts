import type { Blacklist } from './access/index.ts'
import type { BridgingOptions } from './bridging/bridge-options.ts'
import type { BridgesApi } from './bridging/bridges.ts'
import type { TlsOptions } from './contract/connection.ts'
import type { Counters, Events } from './contract/observe.ts'
import type { Space } from './contract/space.ts'
import type { Bound, PluginView } from './front.ts'
import type { Alarm } from './observe/alarms.ts'
import type { SlowConsumer } from './observe/slow-consumers.ts'
import type { TracesApi } from './observe/traces.ts'
import type { Operations } from './operations/operations.ts'
import type { AccessOptions } from './options.ts'

/** A running broker. */
export interface Kernel {
  readonly listeners: readonly Bound[]
  /** Plugins in use, and what they say of themselves. */
  readonly plugins: readonly PluginView[]
  readonly counters: Counters
  readonly events: Events
  /**
   * The broker's own space in a tenant: behind no permission. `guest`: of whoever publishes from within in another name,
   * such as a bridge: behind no rule, but the broker's own topics are closed to it.
   */
  space(tenant?: string, guest?: string): Space
  /** New rules, bans and authenticators' sources; live clients are judged by them from then on. On an error the old state stays. */
  reloadAccess(access: AccessOptions): Promise<void>
  /** New options for a protocol. False: it cannot take them while it runs. On an error the old ones stay. */
  reloadProtocol(name: string, options: Readonly<Record<string, unknown>>): Promise<boolean>
  /** Bridges that were added, changed or removed; the others go on untouched. On an error the old ones go on. */
  reloadBridges(bridging: BridgingOptions): Promise<void>
  readonly bridges: BridgesApi
  /** What an operator sees and does, past any client's rights. */
  readonly operations: Operations
  /** Conditions that last. */
  readonly alarms: { list(): readonly Alarm[] }
  readonly slowConsumers: { list(): readonly SlowConsumer[]; clear(): void }
  /** What happens to clients and topics that an operator chose. */
  readonly traces: TracesApi
  /** Who is kept out. */
  readonly blacklist: Pick<Blacklist, 'add' | 'remove' | 'list'>
  /** New certificates for a listener; open connections keep theirs. */
  replaceTls(listener: string, tls: TlsOptions): void
  /** Says good-bye to clients, closes listeners and connections, makes everything durable, closes the storage. */
  close(): Promise<void>
}
