import type { Blacklist } from './access/index.ts'
import type { TlsOptions } from './contract/connection.ts'
import type { Counters, Events } from './contract/observe.ts'
import type { Space } from './contract/space.ts'
import type { Alarm } from './observe/alarms.ts'
import type { SlowConsumer } from './observe/slow-consumers.ts'
import type { AccessOptions } from './options.ts'

/** A running broker. */
export interface Kernel {
  readonly listeners: readonly { name: string; protocol: string; transport: string; host: string; port: number }[]
  readonly counters: Counters
  readonly events: Events
  /** The broker's own space in a tenant: behind no permission. */
  space(tenant?: string): Space
  /** New rules, bans and authenticators' sources; live clients are judged by them from then on. On an error the old state stays. */
  reloadAccess(access: AccessOptions): Promise<void>
  /** New options for a protocol. False: it cannot take them while it runs. On an error the old ones stay. */
  reloadProtocol(name: string, options: Readonly<Record<string, unknown>>): Promise<boolean>
  /** Conditions that last. */
  readonly alarms: { list(): readonly Alarm[] }
  readonly slowConsumers: { list(): readonly SlowConsumer[]; clear(): void }
  /** Who is kept out. */
  readonly blacklist: Pick<Blacklist, 'add' | 'remove' | 'list'>
  /** New certificates for a listener; open connections keep theirs. */
  replaceTls(listener: string, tls: TlsOptions): void
  /** Says good-bye to clients, closes listeners and connections, makes everything durable, closes the storage. */
  close(): Promise<void>
}
