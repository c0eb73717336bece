import type { Row } from '../../api/client.ts'
import { useAnswer } from '../../api/queries.ts'
import { useFilters } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { exportRows } from '../../table/export-rows.ts'
import { ListTable } from '../../table/list-table.tsx'
import { TableCard } from '../../table/table-card.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { StateView } from './state-view.tsx'
import { text } from './words.ts'

type Plugin = Row<'GET /plugins'>

const exported: readonly Column<Plugin>[] = [
  { id: 'kind', head: 'kind', cell: ({ kind }) => kind, value: ({ kind }) => kind },
  { id: 'name', head: 'name', cell: ({ name }) => name, value: ({ name }) => name },
  { id: 'state', head: 'state', cell: () => null, value: ({ state }) => JSON.stringify(state) },
]

export default function PluginsPage() {
  const t = useWords(text)
  const kinds: Readonly<Record<string, string>> = t.kinds
  const [{ search }, setFilters] = useFilters(['search'])
  const { data, isPending, error, refetch } = useAnswer('GET /plugins', {}, { every: 5_000 })
  const found = data?.filter(({ kind, name }) => `${kind} ${name}`.includes(search)) ?? []
  // The storage has the most to say.
  const plugins = found.toSorted((a, b) => Number(b.kind === 'storage') - Number(a.kind === 'storage'))
  return (
    <Page title={t.title} about={t.about}>
      <TableCard
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        count={data ? plugins.length : undefined}
        loading={isPending}
        error={data ? null : error}
        onRetry={() => void refetch()}
        onExport={kind => exportRows(plugins, { kind, columns: exported, name: 'plugins' })}
      >
        {plugins.length === 0 ? (
          <EmptyState title={t.noneFits} hint={t.noneHint} command="robust-ctl cluster plugin list" />
        ) : (
          <div className="gap-4 p-4 xl:columns-2">
            {plugins.map(({ kind, name, state }) => (
              <Card key={`${kind}\0${name}`} className="break-inside-avoid [&:not(:last-child)]:mb-4">
                <CardHead title={name}>
                  <Badge>{kinds[kind] ?? kind}</Badge>
                </CardHead>
                {Object.keys(state).length === 0 ? (
                  <p className="px-4 py-3 text-muted">{t.nothing}</p>
                ) : (
                  <StateView state={state} />
                )}
              </Card>
            ))}
          </div>
        )}
      </TableCard>
      <h2 className="mt-2 -mb-2 font-semibold">{t.listeners}</h2>
      <Listeners />
    </Page>
  )
}

function Listeners() {
  const t = useWords(text)
  const format = useFormat()
  const columns: readonly Column<Row<'GET /listeners'>>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(5rem, 1fr)',
      cell: ({ name }) => <span className="font-medium">{name}</span>,
      value: ({ name }) => name,
    },
    {
      id: 'protocol',
      head: t.protocol,
      from: 'sm',
      cell: ({ protocol }) => protocol,
      value: ({ protocol }) => protocol,
    },
    {
      id: 'transport',
      head: t.transport,
      from: 'sm',
      cell: ({ transport }) => transport,
      value: ({ transport }) => transport,
    },
    {
      id: 'address',
      head: t.address,
      width: 'minmax(7.5rem, 1fr)',
      cell: ({ host, port }) => <span className="numbers">{`${host}:${port}`}</span>,
      value: ({ host, port }) => `${host}:${port}`,
    },
    {
      id: 'connections',
      head: t.connections,
      width: '6rem',
      numeric: true,
      cell: ({ connections }) => format.count(connections),
      value: ({ connections }) => connections,
    },
  ]
  return (
    <ListTable
      from="GET /listeners"
      args={{}}
      label={t.listeners}
      name="listeners"
      columns={columns}
      keyOf={({ name }) => name}
      empty={<EmptyState title={t.noListeners} />}
    />
  )
}
