import type { Row } from '../../api/client.ts'
import { Link, useFilters, useLocation } from '../../app/navigation.ts'
import { useWords, words } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { clientPath } from '../clients/client-link.tsx'

const text = words({
  en: {
    title: 'Subscriptions',
    search: 'Find by filter',
    client: 'Client id',
    filter: 'Filter',
    qos: 'QoS',
    anyQos: 'Any QoS',
    group: 'Group',
    options: 'Options',
    exclusive: 'exclusive',
    noLocal: 'not its own',
    none: 'Nobody is subscribed to anything',
    noneFits: 'No subscription fits the filters',
    hint: 'Subscribe from another terminal:',
  },
  zh: {
    title: '订阅',
    search: '按过滤器查找',
    client: '客户端 ID',
    filter: '过滤器',
    qos: 'QoS',
    anyQos: '任意 QoS',
    group: '共享组',
    options: '选项',
    exclusive: '独占',
    noLocal: '不含自己发布的',
    none: '没有任何订阅',
    noneFits: '没有符合条件的订阅',
    hint: '在另一个终端中订阅：',
  },
})

type Subscription = Row<'GET /subscriptions'>

export default function SubscriptionsPage() {
  const t = useWords(text)
  const [filters, setFilters] = useFilters(['search', 'clientId', 'group', 'qos'])
  const [, navigate] = useLocation()
  const columns: readonly Column<Subscription>[] = [
    {
      id: 'filter',
      head: t.filter,
      width: 'minmax(7rem, 2fr)',
      cell: one => <span className="font-mono">{one.filter}</span>,
      value: one => one.filter,
    },
    {
      id: 'clientId',
      head: t.client,
      width: 'minmax(6rem, 1.5fr)',
      cell: one => (
        <Link href={clientPath(one)} tabIndex={-1} className="text-accent hover:underline">
          {one.clientId}
        </Link>
      ),
      value: one => one.clientId,
    },
    { id: 'group', head: t.group, from: 'sm', cell: one => one.group ?? '–', value: one => one.group },
    { id: 'qos', head: t.qos, width: '3rem', numeric: true, cell: one => one.qos, value: one => one.qos },
    {
      id: 'options',
      head: t.options,
      from: 'md',
      cell: one => (
        <span className="flex gap-1">
          {one.exclusive && <Badge tone="accent">{t.exclusive}</Badge>}
          {one.noLocal && <Badge>{t.noLocal}</Badge>}
        </span>
      ),
    },
  ]
  const filtered = Object.values(filters).some(value => value !== '')
  return (
    <Page title={t.title}>
      <DataTable
        from="GET /subscriptions"
        args={{ query: { ...filters, qos: filters.qos === '' ? undefined : Number(filters.qos) } }}
        label={t.title}
        name="subscriptions"
        columns={columns}
        keyOf={one => `${one.tenant}\0${one.protocol}\0${one.clientId}\0${one.filter}\0${one.group ?? ''}`}
        onOpen={one => navigate(clientPath(one))}
        filters={
          <>
            <SearchField
              label={t.search}
              className="w-full sm:w-56"
              value={filters.search}
              onChange={search => setFilters({ search })}
            />
            <SearchField
              label={t.client}
              className="w-36"
              value={filters.clientId}
              onChange={clientId => setFilters({ clientId })}
            />
            <SearchField
              label={t.group}
              className="w-32 max-sm:hidden"
              value={filters.group}
              onChange={group => setFilters({ group })}
            />
            <Select
              aria-label={t.qos}
              className="w-28"
              value={filters.qos}
              onChoose={qos => setFilters({ qos })}
              choices={[
                { value: '', label: t.anyQos },
                ...['0', '1', '2'].map(value => ({ value, label: `QoS ${value}` })),
              ]}
            />
          </>
        }
        empty={
          filtered ? (
            <EmptyState title={t.noneFits} />
          ) : (
            <EmptyState
              title={t.none}
              hint={t.hint}
              command={`mosquitto_sub -h ${location.hostname} -t 'greetings/#' -v`}
            />
          )
        }
      />
    </Page>
  )
}
