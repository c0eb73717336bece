import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useFrames } from '../../api/live.ts'
import { queries } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { Link, useFilters, useLocation } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Unplug } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago } from '../../ui/time.tsx'
import { clientPath } from './client-link.tsx'
import { useKick } from './kick.ts'
import { text } from './words.ts'

type Client = Row<'GET /clients'>

export default function ClientsPage() {
  const t = useWords(text)
  const [filters, setFilters] = useFilters(['search', 'user', 'address'])
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const [, navigate] = useLocation()
  const mayKick = useMay('operator')
  const kick = useKick()
  // Who comes or goes is seen at once; the list asks again by itself, too.
  useFrames('clients', () => void queries.invalidateQueries({ queryKey: ['GET /clients'] }))
  const columns: readonly Column<Client>[] = [
    {
      id: 'clientId',
      head: t.clientId,
      width: 'minmax(10rem, 2fr)',
      cell: client => (
        <Link href={clientPath(client)} tabIndex={-1} className="font-medium text-accent hover:underline">
          {client.clientId}
        </Link>
      ),
      value: client => client.clientId,
    },
    { id: 'user', head: t.user, from: 'md', cell: client => client.user ?? '–', value: client => client.user },
    {
      id: 'address',
      head: t.address,
      from: 'sm',
      cell: client => client.address ?? '–',
      value: client => client.address,
    },
    {
      id: 'speaks',
      head: t.speaks,
      from: 'md',
      width: '7rem',
      cell: client => client.connection?.speaks ?? '–',
      value: client => client.connection?.speaks ?? null,
    },
    {
      id: 'listener',
      head: t.listener,
      from: 'lg',
      width: '6rem',
      cell: client => client.connection?.listener ?? '–',
      value: client => client.connection?.listener ?? null,
    },
    {
      id: 'connectedAt',
      head: t.since,
      from: 'md',
      width: '8rem',
      cell: client => client.connection && <Ago at={client.connection.connectedAt} />,
      value: client => client.connection?.connectedAt ?? null,
    },
    {
      id: 'subscriptions',
      head: t.subscriptions,
      from: 'lg',
      width: '6.5rem',
      numeric: true,
      cell: client => client.subscriptions,
      value: client => client.subscriptions,
    },
    {
      id: 'queued',
      head: t.queued,
      width: '5rem',
      numeric: true,
      cell: client => client.queued,
      value: client => client.queued,
    },
    ...(mayKick
      ? [
          {
            id: 'acts',
            head: '',
            width: '2rem',
            cell: (client: Client) => (
              <IconButton small label={`${t.kick} ${client.clientId}`} onClick={() => setConfirmation(kick(client))}>
                <Unplug />
              </IconButton>
            ),
          },
        ]
      : []),
  ]
  const filtered = Object.values(filters).some(value => value !== '')
  return (
    <Page title={t.title}>
      <DataTable
        from="GET /clients"
        args={{ query: filters }}
        label={t.title}
        name="clients"
        columns={columns}
        keyOf={({ clientId, tenant, protocol }) => `${tenant}\0${protocol}\0${clientId}`}
        onOpen={client => navigate(clientPath(client))}
        filters={
          <>
            <SearchField label={t.search} value={filters.search} onChange={search => setFilters({ search })} />
            <SearchField label={t.user} className="w-36" value={filters.user} onChange={user => setFilters({ user })} />
            <SearchField
              label={t.address}
              className="w-36"
              value={filters.address}
              onChange={address => setFilters({ address })}
            />
          </>
        }
        empty={
          filtered ? (
            <EmptyState title={t.noneFits} />
          ) : (
            <EmptyState
              title={t.none}
              hint={t.noneHint}
              command={`mosquitto_sub -h ${location.hostname} -t 'greetings/#' -v`}
            />
          )
        }
      />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
