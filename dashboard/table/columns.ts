import type { ReactNode } from 'react'

/** One column of a table: how it looks, and what an export writes. */
export interface Column<Item> {
  readonly id: string
  /** Empty: a column of acts. */
  readonly head: string
  /** A track of a CSS grid. Default: minmax(8rem, 1fr). */
  readonly width?: string
  readonly cell: (item: Item) => ReactNode
  /** Undefined: it is not exported. */
  readonly value?: (item: Item) => string | number | boolean | null
  /** Numbers stand at the right. */
  readonly numeric?: boolean
  /** How narrow the table may be for the column still to be shown. Default: it always is. */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl'
}

const widths = { sm: 560, md: 760, lg: 980, xl: 1_200 } as const

/** So narrow a table has few columns, and its rows are as high as what stands in them. */
export function isNarrow(width: number): boolean {
  return width < widths.sm
}

export function columnsThatFit<Item>(columns: readonly Column<Item>[], width: number): readonly Column<Item>[] {
  return columns.filter(({ from }) => from === undefined || width >= widths[from])
}

export function gridOf<Item>(columns: readonly Column<Item>[]): string {
  return columns.map(({ width }) => width ?? 'minmax(8rem, 1fr)').join(' ')
}
