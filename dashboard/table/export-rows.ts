import type { Column } from './columns.ts'

export type ExportKind = 'csv' | 'json'
/** A file of more rows than this is made by robust-ctl or the API. */
export const exportedRows = 100_000

/** Gives the browser a file of the rows: with the columns that are shown as CSV, with all fields as JSON. */
export function exportRows<Item>(
  items: readonly Item[],
  { kind, columns, name }: { kind: ExportKind; columns: readonly Column<Item>[]; name: string },
): void {
  const text = kind === 'csv' ? csvOf(items, columns) : JSON.stringify(items, undefined, 2)
  const url = URL.createObjectURL(new Blob([text], { type: kind === 'csv' ? 'text/csv' : 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name}.${kind}`
  link.click()
  URL.revokeObjectURL(url)
}

function csvOf<Item>(items: readonly Item[], columns: readonly Column<Item>[]): string {
  const written = columns.flatMap(({ id, value }) => (value ? [{ id, value }] : []))
  const lines = [written.map(({ id }) => id), ...items.map(item => written.map(({ value }) => cellOf(value(item))))]
  return `${lines.map(line => line.join(',')).join('\r\n')}\r\n`
}

function cellOf(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value ?? '')
  // A spreadsheet would run what begins so.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
