import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { MessageDialog } from '../../payload/message-dialog.tsx'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Trash2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { retainedWords } from './words.ts'

type Retained = Row<'GET /retained'>

export default function RetainedPage() {
  const t = useWords(retainedWords)
  const format = useFormat()
  const [filters, setFilters] = useFilters(['filter'])
  const [shown, setShown] = useState<string>()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayClear = useMay('operator')
  const clear = useAct('DELETE /retained/:topic', { failed: toastFailure })
  const clearAll = useAct('DELETE /retained', { failed: toastFailure })
  const askOne = (topic: string): Confirmation => ({
    title: t.clearTitle(topic),
    consequence: t.clearConsequence,
    act: t.clear,
    onConfirm: () => clear.mutate({ params: { topic }, query: {} }, { onSuccess: () => toast(t.cleared(topic)) }),
  })
  const askAll = (filter: string): Confirmation => ({
    title: t.clearAllTitle(filter),
    consequence: t.clearAllConsequence,
    act: t.clearAll,
    typed: filter,
    onConfirm: () =>
      clearAll.mutate(
        { query: { filter } },
        { onSuccess: ({ cleared }) => toast(t.clearedAll(format.count(cleared))) },
      ),
  })
  const columns: readonly Column<Retained>[] = [
    {
      id: 'topic',
      head: t.topic,
      width: 'minmax(9rem, 2fr)',
      cell: one => <span className="font-mono">{one.topic}</span>,
      value: one => one.topic,
    },
    {
      id: 'payload',
      head: t.payload,
      from: 'sm',
      width: 'minmax(8rem, 2fr)',
      cell: one => (
        <span className="font-mono text-xs text-muted">
          {one.encoding === 'text' ? one.payload.slice(0, 200) : t.binary}
        </span>
      ),
      value: one => one.payload,
    },
    { id: 'qos', head: t.qos, from: 'md', width: '3rem', numeric: true, cell: one => one.qos, value: one => one.qos },
    {
      id: 'payloadBytes',
      head: t.size,
      width: '5rem',
      numeric: true,
      cell: one => format.bytes(one.payloadBytes),
      value: one => one.payloadBytes,
    },
    {
      id: 'publishedAt',
      head: t.published,
      from: 'md',
      width: '8rem',
      cell: one => <Ago at={one.publishedAt} />,
      value: one => one.publishedAt,
    },
    ...(mayClear
      ? [
          {
            id: 'acts',
            head: '',
            width: '2rem',
            cell: (one: Retained) => (
              <IconButton small label={`${t.clear} ${one.topic}`} onClick={() => setConfirmation(askOne(one.topic))}>
                <Trash2 />
              </IconButton>
            ),
          },
        ]
      : []),
  ]
  const filter = filters.filter || '#'
  return (
    <Page
      title={t.title}
      acts={
        mayClear && (
          <Button onClick={() => setConfirmation(askAll(filter))}>
            <Trash2 />
            {t.clearAll}
          </Button>
        )
      }
    >
      <DataTable
        from="GET /retained"
        args={{ query: { filter } }}
        label={t.title}
        name="retained"
        columns={columns}
        keyOf={one => one.topic}
        onOpen={one => setShown(one.topic)}
        filters={
          <SearchField
            label={t.filter}
            className="w-full font-mono sm:w-72"
            value={filters.filter}
            onChange={next => setFilters({ filter: next })}
          />
        }
        empty={
          filters.filter === '' ? (
            <EmptyState
              title={t.none}
              hint={t.hint}
              command={`mosquitto_pub -h ${location.hostname} -t greetings/last -m 'still here' -r`}
            />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      <MessageDialog topic={shown} onClose={() => setShown(undefined)} />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
