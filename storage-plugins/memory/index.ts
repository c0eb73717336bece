import type { Storage, StorageHost, StoragePlugin } from '../../kernel/plugin.ts'
import { MemoryLog } from './log.ts'
import { MemoryTable } from './table.ts'

/** Storage that ends with the process: nothing to configure, nothing to wait for. */
export const memory: StoragePlugin = {
  kind: 'storage',
  name: 'memory',
  api: 1,
  options: {},
  open: async (_host: StorageHost): Promise<Storage> => new MemoryStorage(),
}

class MemoryStorage implements Storage {
  readonly durable = false
  readonly #logs = new Map<string, MemoryLog>()
  readonly #tables = new Map<string, MemoryTable>()

  async log(name: string): Promise<MemoryLog> {
    let log = this.#logs.get(name)
    if (log === undefined) this.#logs.set(name, (log = new MemoryLog()))
    return log
  }

  async table(name: string): Promise<MemoryTable> {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = new MemoryTable(name)))
    return table
  }

  async usage(): Promise<{ usedBytes: number }> {
    let usedBytes = 0
    for (const log of this.#logs.values()) usedBytes += log.usedBytes
    for (const table of this.#tables.values()) usedBytes += table.usedBytes
    return { usedBytes }
  }

  inspect(): Record<string, unknown> {
    return {
      logs: Object.fromEntries([...this.#logs].map(([name, log]) => [name, { first: log.first, next: log.next }])),
      tables: Object.fromEntries([...this.#tables].map(([name, table]) => [name, { rows: table.size }])),
    }
  }

  async close(): Promise<void> {
    for (const log of this.#logs.values()) log.close()
    for (const table of this.#tables.values()) table.close()
  }
}
