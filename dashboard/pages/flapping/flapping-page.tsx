import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Undo2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { ClientLink } from '../clients/client-link.tsx'
import { text } from './words.ts'

type Flapping = Row<'GET /flapping'>

export default function FlappingPage() {
  const t = useWords(text)
  const format = useFormat()
  const [{ search }, setFilters] = useFilters(['search'])
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayLift = useMay('operator')
  const lift = useAct('DELETE /bans', { failed: toastFailure })
  const askToLift = ({ tenant, clientId }: Flapping) =>
    setConfirmation({
      title: t.liftTitle(clientId),
      consequence: t.liftConsequence,
      act: t.lift,
      onConfirm: () =>
        lift.mutate(
          { query: { kind: 'client-id', value: clientId, tenant } },
          { onSuccess: () => toast(t.lifted(clientId)) },
        ),
    })
  const columns: readonly Column<Flapping>[] = [
    {
      id: 'clientId',
      head: t.clientId,
      width: 'minmax(7rem, 2fr)',
      cell: ({ tenant, clientId }) => <ClientLink client={{ tenant, clientId }} />,
      value: ({ clientId }) => clientId,
    },
    {
      id: 'tenant',
      head: t.tenant,
      from: 'lg',
      cell: ({ tenant }) => tenant,
      value: ({ tenant }) => tenant,
    },
    {
      id: 'disconnects',
      head: t.disconnects,
      from: 'sm',
      width: '7rem',
      numeric: true,
      cell: ({ disconnects }) => (disconnects === null ? '–' : format.count(disconnects)),
      value: ({ disconnects }) => disconnects,
    },
    {
      id: 'lastAt',
      head: t.lastAt,
      from: 'md',
      width: '9rem',
      cell: ({ lastAt }) => (lastAt === null ? '–' : <Ago at={lastAt} />),
      value: ({ lastAt }) => lastAt,
    },
    {
      id: 'state',
      head: t.state,
      width: '6rem',
      cell: ({ bannedUntil }) =>
        bannedUntil === null ? <Badge>{t.free}</Badge> : <Badge tone="bad">{t.banned}</Badge>,
    },
    {
      id: 'bannedUntil',
      head: t.bannedUntil,
      from: 'sm',
      width: '11.5rem',
      cell: ({ bannedUntil }) => (bannedUntil === null ? '–' : <At at={bannedUntil} />),
      value: ({ bannedUntil }) => bannedUntil,
    },
    ...(mayLift
      ? [
          {
            id: 'acts',
            head: '',
            width: '2rem',
            cell: (one: Flapping) =>
              one.bannedUntil !== null && (
                <IconButton small label={`${t.lift}: ${one.clientId}`} onClick={() => askToLift(one)}>
                  <Undo2 />
                </IconButton>
              ),
          },
        ]
      : []),
  ]
  return (
    <Page title={t.title} about={t.about}>
      <DataTable
        from="GET /flapping"
        args={{ query: { search } }}
        label={t.title}
        name="flapping"
        columns={columns}
        keyOf={({ tenant, clientId }) => `${tenant}\0${clientId}`}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={
          search === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="robust-ctl ban flapping" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
