import type { Table } from '../contract/table.ts'

/** Stands in where a kernel has no storage: it keeps nothing and says so by being empty. */
export const noTable: Table = {
  size: 0,
  get: async () => undefined,
  async *range() {},
  write: async () => 0,
}
