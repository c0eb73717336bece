import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Plus, Trash2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { RoleBadge, useRoleHead } from '../../ui/role.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { KeyDialog } from './key-dialog.tsx'
import { text } from './words.ts'

type Key = Row<'GET /api-keys'>

export default function ApiKeysPage() {
  const t = useWords(text)
  const roleHead = useRoleHead()
  const [{ search }, setFilters] = useFilters(['search'])
  const [adding, setAdding] = useState(false)
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const remove = useAct('DELETE /api-keys/:id', { failed: toastFailure })
  const askToRemove = ({ id, name }: Key) =>
    setConfirmation({
      title: t.removeTitle(name),
      consequence: t.removeConsequence,
      act: t.remove,
      typed: name,
      onConfirm: () => remove.mutate({ params: { id } }, { onSuccess: () => toast(t.removed(name)) }),
    })
  const columns: readonly Column<Key>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(7rem, 2fr)',
      cell: ({ name }) => <span className="font-medium">{name}</span>,
      value: ({ name }) => name,
    },
    {
      id: 'role',
      head: roleHead,
      width: '6rem',
      cell: ({ role }) => <RoleBadge role={role} />,
      value: ({ role }) => role,
    },
    {
      id: 'groups',
      head: t.groups,
      from: 'md',
      width: 'minmax(7rem, 2fr)',
      cell: ({ groups }) => groups?.join(', ') ?? <span className="text-muted">{t.everything}</span>,
      value: ({ groups }) => groups?.join(' ') ?? null,
    },
    {
      id: 'expiresAt',
      head: t.expires,
      from: 'sm',
      width: 'minmax(11.5rem, 1fr)',
      cell: ({ expiresAt }) =>
        expiresAt === null ? (
          t.never
        ) : new Date(expiresAt).getTime() < Date.now() ? (
          <Badge tone="bad">{t.expired}</Badge>
        ) : (
          <At at={expiresAt} />
        ),
      value: ({ expiresAt }) => expiresAt,
    },
    {
      id: 'createdAt',
      head: t.created,
      from: 'lg',
      width: '7.5rem',
      cell: ({ createdAt }) => <Ago at={createdAt} />,
      value: ({ createdAt }) => createdAt,
    },
    {
      id: 'createdBy',
      head: t.by,
      from: 'lg',
      width: '7rem',
      cell: ({ createdBy }) => createdBy,
      value: ({ createdBy }) => createdBy,
    },
    {
      id: 'acts',
      head: '',
      width: '2rem',
      cell: key => (
        <IconButton small label={`${t.remove} ${key.name}`} onClick={() => askToRemove(key)}>
          <Trash2 />
        </IconButton>
      ),
    },
  ]
  return (
    <Page
      title={t.title}
      about={t.about}
      acts={
        <Button look="main" onClick={() => setAdding(true)}>
          <Plus />
          {t.add}
        </Button>
      }
    >
      <ListTable
        from="GET /api-keys"
        args={{}}
        label={t.title}
        name="api-keys"
        columns={columns}
        keyOf={({ id }) => id}
        keep={({ name }) => name.includes(search)}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={
          search === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="robust-ctl api-key create ci --role operator" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      {adding && <KeyDialog onClose={() => setAdding(false)} />}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
