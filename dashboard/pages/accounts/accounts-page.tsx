import { useState } from 'react'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Pencil, Plus, Trash2 } from '../../ui/icons.ts'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { RoleBadge, useRoleHead } from '../../ui/role.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { type Account, AccountDialog } from './account-dialog.tsx'
import { text } from './words.ts'

export default function AccountsPage() {
  const t = useWords(text)
  const roleHead = useRoleHead()
  const [{ search }, setFilters] = useFilters(['search'])
  const [edited, setEdited] = useState<Account | 'new'>()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const { data: accounts } = useAnswer('GET /accounts', {})
  const { data: me } = useAnswer('GET /me', {})
  const remove = useAct('DELETE /accounts/:name', { failed: toastFailure })
  const askToRemove = ({ name }: Account) =>
    setConfirmation({
      title: t.removeTitle(name),
      consequence: t.removeConsequence,
      act: t.remove,
      typed: name,
      onConfirm: () => remove.mutate({ params: { name } }, { onSuccess: () => toast(t.removed(name)) }),
    })
  const columns: readonly Column<Account>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(8rem, 2fr)',
      cell: ({ name }) => (
        <span className="flex items-center gap-2">
          <span className="truncate font-medium">{name}</span>
          {me?.via === 'session' && me.name === name && <Badge>{t.you}</Badge>}
        </span>
      ),
      value: ({ name }) => name,
    },
    {
      id: 'role',
      head: roleHead,
      width: 'minmax(6rem, 1fr)',
      cell: ({ role }) => <RoleBadge role={role} />,
      value: ({ role }) => role,
    },
    {
      id: 'acts',
      head: '',
      width: '4rem',
      cell: account => (
        <span className="flex">
          <IconButton small label={`${t.change} ${account.name}`} onClick={() => setEdited(account)}>
            <Pencil />
          </IconButton>
          <IconButton small label={`${t.remove} ${account.name}`} onClick={() => askToRemove(account)}>
            <Trash2 />
          </IconButton>
        </span>
      ),
    },
  ]
  return (
    <Page
      title={t.title}
      about={t.about}
      acts={
        accounts && (
          <Button look="main" onClick={() => setEdited('new')}>
            <Plus />
            {t.add}
          </Button>
        )
      }
    >
      {accounts?.length === 0 && <Notice tone="accent">{t.open}</Notice>}
      <ListTable
        from="GET /accounts"
        args={{}}
        label={t.title}
        name="accounts"
        columns={columns}
        keyOf={({ name }) => name}
        keep={({ name }) => name.includes(search)}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={search === '' ? <EmptyState title={t.none} hint={t.noneHint} /> : <EmptyState title={t.noneFits} />}
      />
      {edited !== undefined && (
        <AccountDialog
          account={edited === 'new' ? undefined : edited}
          accounts={accounts ?? []}
          onClose={() => setEdited(undefined)}
        />
      )}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
