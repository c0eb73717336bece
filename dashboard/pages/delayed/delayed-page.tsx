import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFormat } from '../../language/format.ts'
import { useWords, words } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { X } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'

const text = words({
  en: {
    title: 'Delayed messages',
    topic: 'Topic',
    client: 'Published by',
    at: 'Due at',
    due: 'Due',
    size: 'Size',
    leaving: 'being published',
    cancel: 'Give up',
    cancelTitle: (topic: string) => `Give up the message to ${topic}?`,
    cancelConsequence: 'It will never be published.',
    cancelled: 'The message was given up',
    none: 'No message waits for its time',
    hint: 'Publish one that waits ten minutes:',
  },
  zh: {
    title: '延迟消息',
    topic: '主题',
    client: '发布者',
    at: '发布时间',
    due: '剩余',
    size: '大小',
    leaving: '正在发布',
    cancel: '放弃',
    cancelTitle: topic => `放弃发往 ${topic} 的消息？`,
    cancelConsequence: '该消息将永远不会发布。',
    cancelled: '消息已放弃',
    none: '没有等待发布的消息',
    hint: '发布一条等待十分钟的消息：',
  },
})

type Delayed = Row<'GET /delayed'>

export default function DelayedPage() {
  const t = useWords(text)
  const format = useFormat()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayCancel = useMay('operator')
  const cancel = useAct('DELETE /delayed/:id', { failed: toastFailure })
  const ask = ({ id, topic }: Delayed): Confirmation => ({
    title: t.cancelTitle(topic ?? String(id)),
    consequence: t.cancelConsequence,
    act: t.cancel,
    onConfirm: () => cancel.mutate({ params: { id } }, { onSuccess: () => toast(t.cancelled) }),
  })
  const columns: readonly Column<Delayed>[] = [
    {
      id: 'topic',
      head: t.topic,
      width: 'minmax(7rem, 2fr)',
      cell: one => <span className="font-mono">{one.topic ?? t.leaving}</span>,
      value: one => one.topic,
    },
    { id: 'clientId', head: t.client, from: 'sm', cell: one => one.clientId ?? '–', value: one => one.clientId },
    { id: 'due', head: t.due, width: '7rem', cell: one => <Ago at={one.publishAt} /> },
    {
      id: 'publishAt',
      head: t.at,
      from: 'md',
      width: '13rem',
      cell: one => <At at={one.publishAt} />,
      value: one => one.publishAt,
    },
    {
      id: 'payloadBytes',
      head: t.size,
      from: 'sm',
      width: '5rem',
      numeric: true,
      cell: one => format.bytes(one.payloadBytes),
      value: one => one.payloadBytes,
    },
    ...(mayCancel
      ? [
          {
            id: 'acts',
            head: '',
            width: '2rem',
            cell: (one: Delayed) => (
              <IconButton small label={`${t.cancel} ${one.topic ?? one.id}`} onClick={() => setConfirmation(ask(one))}>
                <X />
              </IconButton>
            ),
          },
        ]
      : []),
  ]
  return (
    <Page title={t.title}>
      <DataTable
        from="GET /delayed"
        args={{}}
        label={t.title}
        name="delayed"
        columns={columns}
        keyOf={one => String(one.id)}
        empty={
          <EmptyState
            title={t.none}
            hint={t.hint}
            command={`mosquitto_pub -h ${location.hostname} -q 1 -t '$delayed/600/reminders' -m 'ten minutes later'`}
          />
        }
      />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
