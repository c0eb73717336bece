import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { RefreshCw, Trash2 } from '../../ui/icons.ts'
import { Ago } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { text } from './words.ts'

type Letter = Row<'GET /bridges/:name/dead-letters'>

/** What a bridge could not send, and what can be done about it. */
export function DeadLetters({ name, mayAct }: { name: string; mayAct: boolean }) {
  const t = useWords(text)
  const format = useFormat()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const retry = useAct('POST /bridges/:name/dead-letters/retry', { failed: toastFailure })
  const purge = useAct('POST /bridges/:name/dead-letters/purge', { failed: toastFailure })
  const all = { params: { name }, body: {} }
  const columns: readonly Column<Letter>[] = [
    {
      id: 'topic',
      head: t.topic,
      width: 'minmax(8rem, 1fr)',
      cell: one => <span className="font-mono">{one.topic}</span>,
      value: one => one.topic,
    },
    {
      id: 'reason',
      head: t.reason,
      width: 'minmax(8rem, 2fr)',
      cell: one => (
        <span title={one.reason}>
          <Badge tone="warn">{one.code}</Badge> {one.reason}
        </span>
      ),
      value: one => one.reason,
    },
    { id: 'at', head: t.at, from: 'sm', width: '8rem', cell: one => <Ago at={one.at} />, value: one => one.at },
    {
      id: 'payloadBytes',
      head: t.size,
      from: 'sm',
      width: '5rem',
      numeric: true,
      cell: one => format.bytes(one.payloadBytes),
      value: one => one.payloadBytes,
    },
  ]
  return (
    <>
      <DataTable
        from="GET /bridges/:name/dead-letters"
        args={{ params: { name } }}
        label={t.letters}
        name={`dead-letters-${name}`}
        columns={columns}
        keyOf={one => one.id}
        filters={
          <>
            <h2 className="font-semibold">{t.letters}</h2>
            {mayAct && (
              <>
                <Button
                  small
                  onClick={() =>
                    retry.mutate(all, { onSuccess: ({ messages }) => toast(t.retried1(format.count(messages))) })
                  }
                >
                  <RefreshCw />
                  {t.retryAll}
                </Button>
                <Button
                  small
                  onClick={() =>
                    setConfirmation({
                      title: t.purgeTitle(name),
                      consequence: t.purgeConsequence,
                      act: t.purgeAll,
                      typed: name,
                      onConfirm: () =>
                        purge.mutate(all, { onSuccess: ({ messages }) => toast(t.purged(format.count(messages))) }),
                    })
                  }
                >
                  <Trash2 />
                  {t.purgeAll}
                </Button>
              </>
            )}
          </>
        }
        empty={<EmptyState title={t.noLetters} />}
      />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </>
  )
}
