import type { Row } from '../../api/client.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { At } from '../../ui/time.tsx'
import { text } from './words.ts'

type Entry = Row<'GET /audit'>

export default function AuditPage() {
  const t = useWords(text)
  const [{ actor }, setFilters] = useFilters(['actor'])
  const vias: Readonly<Record<string, string>> = t.vias
  const columns: readonly Column<Entry>[] = [
    { id: 'at', head: t.at, width: 'minmax(5.5rem, 0.7fr)', cell: ({ at }) => <At at={at} />, value: ({ at }) => at },
    {
      id: 'actor',
      head: t.actor,
      width: 'minmax(6rem, 1fr)',
      cell: ({ actor }) => <span className="font-medium">{actor}</span>,
      value: ({ actor }) => actor,
    },
    {
      id: 'action',
      head: t.action,
      width: 'minmax(7rem, 3fr)',
      cell: ({ action }) => <span title={action}>{action}</span>,
      value: ({ action }) => action,
    },
    {
      id: 'path',
      head: t.path,
      from: 'md',
      width: 'minmax(8rem, 2fr)',
      cell: ({ path }) => (
        <span className="font-mono text-xs" title={path}>
          {path}
        </span>
      ),
      value: ({ path }) => path,
    },
    {
      id: 'status',
      head: t.status,
      from: 'sm',
      width: '4rem',
      cell: ({ status }) => <Badge tone={status < 400 ? 'good' : 'bad'}>{status}</Badge>,
      value: ({ status }) => status,
    },
    {
      id: 'via',
      head: t.via,
      from: 'xl',
      width: '7rem',
      cell: ({ via }) => vias[via] ?? via,
      value: ({ via }) => via,
    },
    {
      id: 'address',
      head: t.address,
      from: 'md',
      width: '7rem',
      cell: ({ address }) => address,
      value: ({ address }) => address,
    },
  ]
  return (
    <Page title={t.title} about={t.about}>
      <DataTable
        from="GET /audit"
        args={{ query: { actor } }}
        label={t.title}
        name="audit"
        columns={columns}
        keyOf={({ id }) => String(id)}
        filters={<SearchField label={t.search} value={actor} onChange={actor => setFilters({ actor })} />}
        empty={
          actor === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="robust-ctl config set log.level debug" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
    </Page>
  )
}
