import type { Args, ListKey, PagedKey, RouteKey, Row } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { exportRows } from './export-rows.ts'
import { Rows } from './rows.tsx'
import { TableCard } from './table-card.tsx'
import { refreshMs, type TableOptions } from './table-options.ts'

type WholeKey = Exclude<Extract<ListKey, `GET ${string}` & RouteKey>, PagedKey>

/** A list of the API that comes whole. */
export function ListTable<K extends WholeKey>({
  from,
  args,
  every = refreshMs,
  keep,
  name,
  ...table
}: TableOptions<Row<K>> & {
  readonly from: K
  readonly args: Args<K>
  /** What of it is shown. Default: all. */
  readonly keep?: (item: Row<K>) => boolean
}) {
  const { data, isPending, error, refetch } = useAnswer(from, args, { every })
  const all = (data ?? []) as unknown as readonly Row<K>[]
  const items = keep ? all.filter(keep) : all
  return (
    <TableCard
      filters={table.filters}
      count={isPending ? undefined : items.length}
      loading={isPending}
      error={data ? null : error}
      onRetry={() => void refetch()}
      onExport={kind => exportRows(items, { kind, columns: table.columns, name })}
    >
      <Rows
        label={table.label}
        items={items}
        count={items.length}
        columns={table.columns}
        keyOf={table.keyOf}
        onOpen={table.onOpen}
        empty={table.empty}
      />
    </TableCard>
  )
}
