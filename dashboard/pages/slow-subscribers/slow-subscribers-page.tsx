import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Button } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Trash2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { ClientLink } from '../clients/client-link.tsx'
import { text } from './words.ts'

type Slow = Row<'GET /slow-subscribers'>

const refreshMs = 2_000

export default function SlowSubscribersPage() {
  const t = useWords(text)
  const format = useFormat()
  const [{ search }, setFilters] = useFilters(['search'])
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayClear = useMay('operator')
  const { data } = useAnswer('GET /slow-subscribers', {}, { every: refreshMs })
  const clear = useAct('DELETE /slow-subscribers', { failed: toastFailure })
  const worst = Math.max(1, ...(data ?? []).map(({ latencyMs }) => latencyMs))
  const columns: readonly Column<Slow>[] = [
    {
      id: 'clientId',
      head: t.clientId,
      width: 'minmax(7rem, 1fr)',
      cell: ({ clientId }) => <ClientLink client={{ clientId }} />,
      value: ({ clientId }) => clientId,
    },
    {
      id: 'topic',
      head: t.topic,
      width: 'minmax(5.5rem, 2fr)',
      cell: ({ topic }) => <span className="font-mono text-xs">{topic}</span>,
      value: ({ topic }) => topic,
    },
    {
      id: 'latencyMs',
      head: t.latency,
      width: 'minmax(5.5rem, 1fr)',
      numeric: true,
      cell: ({ latencyMs }) => (
        <span className="flex items-center justify-end gap-3">
          <span aria-hidden="true" className="hidden h-1.5 flex-1 rounded-full bg-raised md:block">
            <span className="block h-1.5 rounded-full bg-accent" style={{ width: `${(latencyMs / worst) * 100}%` }} />
          </span>
          <span className="w-16">
            {latencyMs < 10_000 ? `${format.count(Math.round(latencyMs))} ms` : format.duration(latencyMs / 1_000)}
          </span>
        </span>
      ),
      value: ({ latencyMs }) => latencyMs,
    },
    {
      id: 'lastSeenAt',
      head: t.lastSeen,
      from: 'sm',
      width: '8rem',
      cell: ({ lastSeenAt }) => <Ago at={lastSeenAt} />,
      value: ({ lastSeenAt }) => lastSeenAt,
    },
  ]
  return (
    <Page
      title={t.title}
      about={t.about}
      acts={
        mayClear &&
        data &&
        data.length > 0 && (
          <Button
            onClick={() =>
              setConfirmation({
                title: t.clearTitle,
                consequence: t.clearConsequence,
                act: t.clear,
                onConfirm: () => clear.mutate({}, { onSuccess: () => toast(t.cleared) }),
              })
            }
          >
            <Trash2 />
            {t.clear}
          </Button>
        )
      }
    >
      <ListTable
        from="GET /slow-subscribers"
        args={{}}
        every={refreshMs}
        label={t.title}
        name="slow-subscribers"
        columns={columns}
        keyOf={({ clientId, topic }) => `${clientId}\0${topic}`}
        keep={({ clientId, topic }) => `${clientId}\n${topic}`.includes(search)}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={
          search === '' ? (
            <EmptyState title={t.none} hint={t.noneHint} command="robust-ctl mqtt slow" />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
