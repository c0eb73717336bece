import type { Row } from '../api-client.ts'
import { cell } from './cell.ts'
import type { Columns } from './printer.ts'

/** RFC 4180, with a head. */
export function csv(rows: readonly Row[], { of }: Columns): string {
  const lines = [Object.keys(of), ...rows.map(row => Object.values(of).map(read => cell(read(row))))]
  return lines.map(fields => fields.map(quoted).join(',')).join('\r\n')
}

/** A text that a spreadsheet would take for a formula is no formula. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
