import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Key, Plus, Trash2 } from '../../ui/icons.ts'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { UserDialog } from './user-dialog.tsx'
import { text } from './words.ts'

export type User = Row<'GET /users'>

export default function UsersPage() {
  const t = useWords(text)
  const [{ search }, setFilters] = useFilters(['search'])
  const [edited, setEdited] = useState<User | 'new'>()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayChange = useMay('admin')
  const remove = useAct('DELETE /users/:name', { failed: toastFailure })
  const add = (
    <Button look="main" onClick={() => setEdited('new')}>
      <Plus />
      {t.add}
    </Button>
  )
  const askToRemove = ({ name }: User) =>
    setConfirmation({
      title: t.removeTitle(name),
      consequence: t.removeConsequence,
      act: t.remove,
      typed: name,
      onConfirm: () => remove.mutate({ params: { name } }, { onSuccess: () => toast(t.removed(name)) }),
    })
  const columns: readonly Column<User>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(8rem, 2fr)',
      cell: ({ name }) => <span className="font-medium">{name}</span>,
      value: ({ name }) => name,
    },
    { id: 'tenant', head: t.tenant, from: 'sm', cell: ({ tenant }) => tenant ?? '–', value: ({ tenant }) => tenant },
    {
      id: 'superuser',
      head: t.rights,
      width: 'minmax(6.5rem, 1fr)',
      cell: ({ superuser }) =>
        superuser ? <Badge tone="warn">{t.superuser}</Badge> : <span className="text-muted">{t.byRules}</span>,
      value: ({ superuser }) => superuser,
    },
    {
      id: 'scram',
      head: t.logIn,
      from: 'md',
      cell: ({ scram }) => (scram ? t.scram : t.noScram),
      value: ({ scram }) => scram,
    },
    ...(mayChange
      ? [
          {
            id: 'acts',
            head: '',
            width: '4rem',
            cell: (user: User) => (
              <span className="flex">
                <IconButton small label={`${t.setPassword} ${user.name}`} onClick={() => setEdited(user)}>
                  <Key />
                </IconButton>
                <IconButton small label={`${t.remove} ${user.name}`} onClick={() => askToRemove(user)}>
                  <Trash2 />
                </IconButton>
              </span>
            ),
          },
        ]
      : []),
  ]
  return (
    <Page title={t.title} about={t.about} acts={mayChange && add}>
      <NotAsked />
      <DataTable
        from="GET /users"
        args={{ query: { search } }}
        label={t.title}
        name="users"
        columns={columns}
        keyOf={({ name }) => name}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={
          search === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="echo 'a password' | robust-ctl user add meter-1" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      {edited !== undefined && (
        <UserDialog user={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}

/** The first user of a server is asked only after its next start. */
function NotAsked() {
  const { notAsked } = useWords(text)
  const { data: plugins } = useAnswer('GET /plugins', {})
  const { data: users } = useAnswer('GET /users', { query: { limit: 1 } })
  const waiting =
    users?.data.length && plugins && !plugins.some(({ kind, name }) => kind === 'auth' && name === 'password')
  return waiting ? <Notice tone="warn">{notAsked}</Notice> : null
}
