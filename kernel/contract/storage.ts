import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import type { Logger } from './observe.ts'
import type { Plugin } from './plugin.ts'
import type { Table } from './table.ts'

/** What a storage plugin is opened with. */
export interface StorageHost {
  readonly clock: Clock
  readonly logger: Logger
  /** Called once, when storage can no longer keep its promise (a failed fsync): the broker stops. */
  failed(error: Error): void
}

/** Two primitives carry everything durable. Names are `[a-z0-9-]+`; opening a name twice gives the same object. */
export interface Storage {
  log(name: string): Promise<Log>
  table(name: string): Promise<Table>
  /** False when nothing survives the process, so that nobody waits for a durability that is not there. */
  readonly durable: boolean
  /** Bytes used and, where the medium has a limit, bytes free. */
  usage(): Promise<{ usedBytes: number; freeBytes?: number }>
  inspect(): Record<string, unknown>
  /** Resolves when everything appended or written before is durable and every file is closed. */
  close(): Promise<void>
}

export type StoragePlugin<Options = unknown> = Plugin<'storage', StorageHost, Storage, Options>
