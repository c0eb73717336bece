import type { Row } from '../../api/client.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago } from '../../ui/time.tsx'
import { EventTable } from '../events/event-table.tsx'
import { text } from './words.ts'

type Alarm = Row<'GET /alarms'>

export default function AlarmsPage() {
  const t = useWords(text)
  const [{ search }, setFilters] = useFilters(['search'])
  const columns: readonly Column<Alarm>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(7rem, 1fr)',
      cell: ({ name }) => <Badge tone="bad">{name}</Badge>,
      value: ({ name }) => name,
    },
    {
      id: 'message',
      head: t.message,
      width: 'minmax(10rem, 4fr)',
      cell: ({ message }) => <span title={message}>{message}</span>,
      value: ({ message }) => message,
    },
    {
      id: 'raisedAt',
      head: t.raised,
      from: 'sm',
      width: '8rem',
      cell: ({ raisedAt }) => <Ago at={raisedAt} />,
      value: ({ raisedAt }) => raisedAt,
    },
  ]
  return (
    <Page title={t.title} about={t.about}>
      <h2 className="-mb-2 font-semibold">{t.now}</h2>
      <ListTable
        from="GET /alarms"
        args={{}}
        label={t.title}
        name="alarms"
        columns={columns}
        keyOf={({ name }) => name}
        keep={({ name, message }) => `${name}\n${message}`.includes(search)}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={
          search === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="robust-ctl doctor" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      <h2 className="mt-2 -mb-2 font-semibold">{t.history}</h2>
      <EventTable
        name="alarm."
        label={t.history}
        channel="alarms"
        file="alarm-history"
        empty={<EmptyState title={t.noHistory} />}
      />
    </Page>
  )
}
