import { useState } from 'react'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { Pencil, Undo2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { ChangeDialog } from './change-dialog.tsx'
import { type Entry, isChanged, keyOf, writtenValue } from './entries.ts'
import { text } from './words.ts'

const shows = ['', 'set', 'live'] as const

export default function ConfigPage() {
  const t = useWords(text)
  const [{ search, show }, setFilters] = useFilters(['search', 'show'])
  const [edited, setEdited] = useState<string>()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayChange = useMay('admin')
  const { data: entries = [] } = useAnswer('GET /config', {})
  const takeBack = useAct('DELETE /config/:path', { failed: toastFailure })
  const askToTakeBack = (path: string) =>
    setConfirmation({
      title: t.takeBackTitle(path),
      consequence: t.takeBackConsequence,
      act: t.takeBack,
      onConfirm: () => takeBack.mutate({ params: { path } }, { onSuccess: () => toast(t.tookBack(path)) }),
    })
  const keep = (entry: Entry) =>
    entry.path.toLowerCase().includes(search.toLowerCase()) &&
    (show === 'set' ? entry.from !== 'default' : show !== 'live' || entry.changeable)
  const columns: readonly Column<Entry>[] = [
    {
      id: 'path',
      head: t.path,
      width: 'minmax(7rem, 2fr)',
      cell: ({ path }) => (
        <span className="font-mono text-xs" title={path}>
          {path}
        </span>
      ),
      value: ({ path }) => path,
    },
    {
      id: 'value',
      head: t.value,
      width: 'minmax(4.5rem, 2fr)',
      cell: ({ value }) => (
        <span className="font-mono text-xs font-medium" title={value}>
          {value}
        </span>
      ),
      value: ({ value }) => value,
    },
    {
      id: 'from',
      head: t.from,
      from: 'sm',
      width: 'minmax(8rem, 2fr)',
      cell: entry =>
        entry.from === 'default' ? (
          <span className="text-muted">{t.byDefault}</span>
        ) : (
          <span title={entry.from}>
            <Badge tone={isChanged(entry) ? 'accent' : 'calm'}>{isChanged(entry) ? t.here : entry.from}</Badge>
          </span>
        ),
      value: ({ from }) => from,
    },
    ...(mayChange
      ? [
          {
            id: 'acts',
            head: '',
            width: '3.5rem',
            cell: (entry: Entry) => (
              <span className="flex justify-end">
                {isChanged(entry) && (
                  <IconButton small label={`${t.takeBack} ${entry.path}`} onClick={() => askToTakeBack(keyOf(entry))}>
                    <Undo2 />
                  </IconButton>
                )}
                {entry.changeable && (
                  <IconButton small label={`${t.change} ${entry.path}`} onClick={() => setEdited(keyOf(entry))}>
                    <Pencil />
                  </IconButton>
                )}
              </span>
            ),
          },
        ]
      : []),
  ]
  return (
    <Page title={t.title} about={t.about}>
      <ListTable
        from="GET /config"
        args={{}}
        every={10_000}
        label={t.title}
        name="config"
        columns={columns}
        keyOf={({ path }) => path}
        keep={keep}
        filters={
          <>
            <SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />
            <Select
              aria-label={t.show}
              className="w-44!"
              value={show}
              onChoose={show => setFilters({ show })}
              choices={shows.map(value => ({ value, label: t.shows[value] }))}
            />
          </>
        }
        empty={<EmptyState title={t.noneFits} hint={t.noneHint} command="robust-ctl cluster config get" />}
      />
      {edited !== undefined && (
        <ChangeDialog path={edited} value={writtenValue(entries ?? [], edited)} onClose={() => setEdited(undefined)} />
      )}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
