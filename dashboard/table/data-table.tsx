import { useCallback, useMemo } from 'react'
import type { Args, PagedKey, Row } from '../api/client.ts'
import { pageOf, usePages } from '../api/queries.ts'
import { toastFailure } from '../ui/toast.tsx'
import { type ExportKind, exportedRows, exportRows } from './export-rows.ts'
import { Rows } from './rows.tsx'
import { TableCard } from './table-card.tsx'
import { refreshMs, type TableOptions } from './table-options.ts'

const exportPage = 1_000

/** A list of the API that comes in pages. */
export function DataTable<K extends PagedKey>({
  from,
  args,
  every = refreshMs,
  name,
  ...table
}: TableOptions<Row<K>> & {
  readonly from: K
  readonly args: Args<K>
}) {
  const pages = usePages(from, args, { every })
  const items = useMemo(() => pages.data?.pages.flatMap(page => page.data) ?? [], [pages.data])
  const { hasNextPage, isFetching, fetchNextPage } = pages
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [hasNextPage, isFetching, fetchNextPage])
  const save = async (kind: ExportKind) => {
    const all: Row<K>[] = []
    let cursor: string | undefined
    do {
      const page = await pageOf(from, args, { cursor, limit: exportPage })
      all.push(...page.data)
      cursor = page.meta.next ?? undefined
    } while (cursor !== undefined && all.length < exportedRows)
    exportRows(all, { kind, columns: table.columns, name })
  }
  const count = pages.data?.pages.at(-1)?.meta.count ?? (pages.data && !hasNextPage ? items.length : undefined)
  return (
    <TableCard
      filters={table.filters}
      count={count}
      searching={pages.isPending || pages.isPlaceholderData || pages.isFetchingNextPage}
      loading={pages.isPending}
      error={items.length === 0 ? pages.error : null}
      onRetry={() => void pages.refetch()}
      onExport={kind => void save(kind).catch(toastFailure)}
    >
      <Rows
        label={table.label}
        items={items}
        count={count}
        columns={table.columns}
        keyOf={table.keyOf}
        onOpen={table.onOpen}
        onEnd={more}
        empty={table.empty}
      />
    </TableCard>
  )
}
