import type { Log, Row, Table } from '../../../kernel/plugin.ts'

/** A limit that is none. */
export const everything = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

export async function texts(log: Log, from: number): Promise<string[]> {
  return (await log.read(from, everything)).records.map(text)
}

export async function rows(table: Table, from = '', to?: string) {
  const found: { key: string; value: string; revision: number }[] = []
  for await (const row of table.range(from, to)) found.push(plain(row)!)
  return found
}

export function plain(row: Row | undefined): { key: string; value: string; revision: number } | undefined {
  return row === undefined ? undefined : { key: row.key, value: text(row.value), revision: row.revision }
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

export function text(value: Uint8Array): string {
  return Buffer.from(value).toString('utf8')
}

export function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
