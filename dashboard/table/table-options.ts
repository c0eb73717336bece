import type { ReactNode } from 'react'
import type { Column } from './columns.ts'

/** How often a list is asked for again, unless its page says otherwise. */
export const refreshMs = 3_000

/** What a page says of its list, however that comes from the API. */
export interface TableOptions<Item> {
  /** ms */
  readonly every?: number
  readonly label: string
  /** Of the exported file. */
  readonly name: string
  readonly columns: readonly Column<Item>[]
  readonly keyOf: (item: Item) => string
  readonly onOpen?: (item: Item) => void
  readonly filters?: ReactNode
  readonly empty: ReactNode
}
