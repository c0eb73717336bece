import type { ReactNode } from 'react'
import { useFormat } from '../language/format.ts'
import { useWords, words } from '../language/language.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Card } from '../ui/card.tsx'
import { Download } from '../ui/icons.ts'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { Loading } from '../ui/page.tsx'
import { Searching } from '../ui/searching.tsx'
import type { ExportKind } from './export-rows.ts'

const text = words({
  en: { rows: (n: string) => `${n} in all`, save: 'Export', again: 'Try again' },
  zh: { rows: n => `共 ${n} 条`, save: '导出', again: '重试' },
})

/** Around a table: its filters, how many rows there are, and the export. */
export function TableCard({
  filters,
  count,
  searching = false,
  loading,
  error,
  onRetry,
  onExport,
  children,
}: {
  readonly filters?: ReactNode
  readonly count: number | undefined
  /** What is shown is of another search; of this one nothing is known yet. */
  readonly searching?: boolean
  readonly loading: boolean
  readonly error: Error | null
  readonly onRetry: () => void
  readonly onExport: (kind: ExportKind) => void
  readonly children: ReactNode
}) {
  const { rows, save, again } = useWords(text)
  const format = useFormat()
  return (
    <Card>
      <div className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
        {filters}
        <div className="ml-auto flex items-center gap-2">
          <span className="numbers text-xs text-muted" role="status">
            {searching ? <Searching /> : count !== undefined && rows(format.count(count))}
          </span>
          <Menu
            button={
              <IconButton label={save}>
                <Download />
              </IconButton>
            }
          >
            <MenuItem onSelect={() => onExport('csv')}>CSV</MenuItem>
            <MenuItem onSelect={() => onExport('json')}>JSON</MenuItem>
          </Menu>
        </div>
      </div>
      {error ? (
        <div role="alert" className="flex flex-col items-center gap-3 p-10 text-center">
          <p className="text-bad">{error.message}</p>
          <Button onClick={onRetry}>{again}</Button>
        </div>
      ) : loading ? (
        <Loading />
      ) : (
        children
      )}
    </Card>
  )
}
