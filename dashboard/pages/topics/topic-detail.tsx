import { useState } from 'react'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { PayloadView } from '../../payload/payload-view.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead, Facts } from '../../ui/card.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Trash2 } from '../../ui/icons.ts'
import { Ago } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { retainedWords } from '../retained/words.ts'
import { PublishForm } from './publish-form.tsx'
import type { TopicNode } from './topic-tree.ts'
import { text } from './words.ts'

/** One topic: its last message, how fast it is, and what can be done with it. */
export function TopicDetail({
  topic,
  node,
  onBack,
}: {
  readonly topic: string
  readonly node: TopicNode | undefined
  readonly onBack: () => void
}) {
  const t = useWords(text)
  const format = useFormat()
  const mayAct = useMay('operator')
  const retained = useRetained(topic)
  // What came since the page was opened is newer than what was retained, or the same.
  const message = node?.last ?? retained
  const whole = retained && message?.publishedAt === retained.publishedAt ? retained : message
  const cut = whole && whole.payloadBytes > shownBytes(whole)
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card>
        <CardHead title={<span className="font-mono break-all">{topic}</span>}>
          <Button small className="lg:hidden" onClick={onBack}>
            {t.back}
          </Button>
        </CardHead>
        <Facts
          facts={[
            [t.rate, t.perSecond(format.short(node?.rate ?? 0))],
            [t.seen, format.count(node?.messages ?? 0)],
            ...(whole
              ? ([
                  [t.at, <Ago key="at" at={whole.publishedAt} />],
                  [t.from, whole.clientId ?? '–'],
                  [
                    t.size,
                    <span key="size" className="flex items-center gap-2">
                      {format.bytes(whole.payloadBytes)} · QoS {whole.qos} {retained && <Badge>{t.retained}</Badge>}
                    </span>,
                  ],
                ] as const)
              : []),
          ]}
        />
        <div className="px-4 pb-4">
          {whole ? <PayloadView value={whole} /> : <p className="text-muted">{t.noMessage}</p>}
          {cut && (
            <p className="mt-1 text-xs text-muted">
              {t.cut(format.bytes(shownBytes(whole)), format.bytes(whole.payloadBytes))}
            </p>
          )}
        </div>
        {mayAct && <Clearing topic={topic} retained={retained !== undefined} below={node?.below ?? false} />}
      </Card>
      {mayAct && <PublishForm topic={topic} />}
    </div>
  )
}

/** Whole where it is small, which the list tells; a topic without one is no error. */
function useRetained(topic: string) {
  const { data } = useAnswer('GET /retained', { query: { filter: topic, limit: 1 } }, { every: 3_000 })
  const [preview] = data?.data ?? []
  const long = preview !== undefined && preview.payloadBytes > shownBytes(preview)
  const whole = useAnswer('GET /retained/:topic', { params: { topic }, query: {} }, { enabled: long })
  return long && whole.data?.publishedAt === preview.publishedAt ? whole.data : preview
}

function shownBytes({ payload, encoding }: { payload: string; encoding: string }): number {
  return encoding === 'text' ? new TextEncoder().encode(payload).length : Math.floor((payload.length * 3) / 4)
}

function Clearing({ topic, retained, below }: { topic: string; retained: boolean; below: boolean }) {
  const t = useWords(text)
  const r = useWords(retainedWords)
  const format = useFormat()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const clear = useAct('DELETE /retained/:topic', { failed: toastFailure })
  const clearAll = useAct('DELETE /retained', { failed: toastFailure })
  if (!retained && !below) return null
  return (
    <div className="flex flex-wrap gap-2 border-t px-4 py-3">
      {retained && (
        <Button
          onClick={() =>
            setConfirmation({
              title: r.clearTitle(topic),
              consequence: r.clearConsequence,
              act: t.clear,
              onConfirm: () =>
                clear.mutate({ params: { topic }, query: {} }, { onSuccess: () => toast(r.cleared(topic)) }),
            })
          }
        >
          <Trash2 />
          {t.clear}
        </Button>
      )}
      {below && (
        <Button
          onClick={() =>
            setConfirmation({
              title: t.clearBelowTitle(topic),
              consequence: t.clearBelowConsequence,
              act: t.clearBelow,
              typed: topic,
              onConfirm: () =>
                clearAll.mutate(
                  { query: { filter: `${topic}/#` } },
                  { onSuccess: ({ cleared }) => toast(t.clearedAll(format.count(cleared))) },
                ),
            })
          }
        >
          <Trash2 />
          {t.clearBelow}
        </Button>
      )}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </div>
  )
}
