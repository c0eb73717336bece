import type { Row } from '../api-client.ts'
import { toYaml } from '../yaml.ts'
import { csv } from './csv.ts'
import { table } from './table.ts'

export const formats = ['table', 'json', 'yaml', 'csv', 'name'] as const
export type Format = (typeof formats)[number]

/** What a list shows of each row, in a table and as CSV. */
export interface Columns {
  /** What `-o name` prints. */
  readonly name: string
  readonly of: Readonly<Record<string, (row: Row) => unknown>>
}

export interface PrinterOptions {
  /** Undefined: a table for people, JSON lines for pipes. */
  readonly format: Format | undefined
  readonly terminal: boolean
  readonly colour: boolean
  readonly width: number
  write(text: string): void
}

/** Writes answers as the user wants them. */
export class Printer {
  readonly #options: PrinterOptions

  constructor(options: PrinterOptions) {
    this.#options = options
  }

  get colour(): boolean {
    return this.#options.colour
  }

  get forPeople(): boolean {
    return this.#options.format === 'table' || (this.#options.format === undefined && this.#options.terminal)
  }

  rows(rows: readonly Row[], columns: Columns): void {
    const { format, terminal } = this.#options
    if (format === undefined && !terminal) return this.#lines(rows)
    switch (format ?? 'table') {
      case 'json':
        return this.#write(JSON.stringify(rows, null, 2))
      case 'yaml':
        return this.#write(toYaml(rows))
      case 'csv':
        return this.#write(csv(rows, columns))
      case 'name':
        return this.#lines(rows.map(row => String(row[columns.name] ?? '')))
      case 'table':
        return this.#write(table(rows, columns, this.#options))
    }
  }

  /** One thing: for people as `key  value` lines. */
  thing(value: unknown, name?: string): void {
    const { format, terminal } = this.#options
    if (format === 'yaml') return this.#write(toYaml(value))
    if (format === 'name' && name !== undefined) return this.#write(name)
    if (format === 'csv' || format === 'json') return this.#write(JSON.stringify(value, null, 2))
    if (format === undefined && !terminal) return this.#write(JSON.stringify(value))
    const rows = flat(value).map(([key, text]) => ({ key, text }))
    const columns: Columns = { name: 'key', of: { '': ({ key }) => key, ' ': ({ text }) => text } }
    this.#write(table(rows, columns, this.#options))
  }

  /** That something was done: only people want to read it. */
  done(text: string): void {
    if (this.forPeople) this.#write(text)
  }

  #lines(values: readonly unknown[]): void {
    for (const value of values) this.#write(typeof value === 'string' ? value : JSON.stringify(value))
  }

  #write(text: string): void {
    if (text !== '') this.#options.write(`${text}\n`)
  }
}

/** `a.b` and its text, for each leaf. */
function flat(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]]
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path === '' ? key : `${path}.${key}`))
}
