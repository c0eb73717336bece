import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { Plus, Undo2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { At } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { BanDialog } from './ban-dialog.tsx'
import { kindOf, kinds } from './kinds.ts'
import { text } from './words.ts'

type Ban = Row<'GET /bans'>

export default function BansPage() {
  const t = useWords(text)
  const [{ search, kind }, setFilters] = useFilters(['search', 'kind'])
  const [adding, setAdding] = useState(false)
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayChange = useMay('operator')
  const lift = useAct('DELETE /bans', { failed: toastFailure })
  const askToLift = ({ kind, value, tenant }: Ban) =>
    setConfirmation({
      title: t.liftTitle(value),
      consequence: t.liftConsequence,
      act: t.lift,
      onConfirm: () => lift.mutate({ query: { kind, value, tenant } }, { onSuccess: () => toast(t.lifted(value)) }),
    })
  const columns: readonly Column<Ban>[] = [
    {
      id: 'value',
      head: t.value,
      width: 'minmax(8rem, 2fr)',
      cell: ({ value }) => <span className="font-mono text-xs font-medium">{value}</span>,
      value: ({ value }) => value,
    },
    {
      id: 'kind',
      head: t.kind,
      width: 'minmax(7rem, 1fr)',
      cell: ({ kind }) => <Badge>{t.kinds[kind]}</Badge>,
      value: ({ kind }) => kind,
    },
    {
      id: 'until',
      head: t.until,
      from: 'sm',
      width: 'minmax(11.5rem, 1fr)',
      cell: ({ until }) => (until === undefined ? t.forEver : <At at={until} />),
      value: ({ until }) => until ?? null,
    },
    {
      id: 'reason',
      head: t.reason,
      from: 'md',
      width: 'minmax(8rem, 2fr)',
      cell: ({ reason }) => reason ?? '–',
      value: ({ reason }) => reason ?? null,
    },
    {
      id: 'tenant',
      head: t.tenant,
      from: 'lg',
      cell: ({ tenant }) => tenant ?? '–',
      value: ({ tenant }) => tenant ?? null,
    },
    ...(mayChange
      ? [
          {
            id: 'acts',
            head: '',
            width: '2rem',
            cell: (ban: Ban) => (
              <IconButton small label={`${t.lift}: ${ban.value}`} onClick={() => askToLift(ban)}>
                <Undo2 />
              </IconButton>
            ),
          },
        ]
      : []),
  ]
  return (
    <Page
      title={t.title}
      about={t.about}
      acts={
        mayChange && (
          <Button look="main" onClick={() => setAdding(true)}>
            <Plus />
            {t.add}
          </Button>
        )
      }
    >
      <DataTable
        from="GET /bans"
        args={{ query: { search, kind: kindOf(kind) } }}
        label={t.title}
        name="bans"
        columns={columns}
        keyOf={({ kind, value, tenant }) => `${kind}\0${value}\0${tenant ?? ''}`}
        filters={
          <>
            <SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />
            <Select
              aria-label={t.kind}
              className="w-44!"
              value={kindOf(kind) ?? ''}
              onChoose={kind => setFilters({ kind })}
              choices={[{ value: '', label: t.anyKind }, ...kinds.map(value => ({ value, label: t.kinds[value] }))]}
            />
          </>
        }
        empty={
          search === '' && kind === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="robust-ctl ban add client-id-pattern 'guest-*'" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      {adding && <BanDialog onClose={() => setAdding(false)} />}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
