import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { CircleAlert, CircleCheck } from '../../ui/icons.ts'
import { text } from './words.ts'

/** The test of a bridge, rung by rung. */
export function Ladder({ name }: { name: string }) {
  const t = useWords(text)
  const test = useAct('POST /bridges/:name/test')
  const rungs = test.data ?? []
  return (
    <Card>
      <CardHead title={t.ladder}>
        <Button small disabled={test.isPending} onClick={() => test.mutate({ params: { name } })}>
          {test.isPending ? t.testing : t.test}
        </Button>
      </CardHead>
      {rungs.length === 0 && !test.error && <p className="px-4 py-3 text-muted">{t.ladderHint}</p>}
      <Rungs rungs={rungs} error={test.error} />
    </Card>
  )
}

/** What a test found. */
export function Rungs({ rungs, error }: { rungs: readonly Row<'POST /bridges/:name/test'>[]; error: Error | null }) {
  const t = useWords(text)
  const format = useFormat()
  return (
    <>
      {error && (
        <p role="alert" className="px-4 py-3 text-bad">
          {error.message}
        </p>
      )}
      <ol aria-live="polite">
        {rungs.map(({ name: rung, ok, ms, detail, mend }) => (
          <li key={rung} className="flex items-start gap-2.5 border-b px-4 py-2 last:border-b-0">
            <span className={ok ? 'text-good' : 'text-bad'}>
              {ok ? <CircleCheck aria-hidden="true" className="size-5" /> : <CircleAlert className="size-5" />}
            </span>
            <span className="w-20 shrink-0 font-medium">{rung}</span>
            <span className="min-w-0 flex-1 break-words">
              {detail}
              {mend !== undefined && <span className="block text-warn">→ {mend}</span>}
            </span>
            <span className="numbers shrink-0 text-muted">{format.count(ms)} ms</span>
          </li>
        ))}
      </ol>
      {rungs.length > 0 && rungs.every(({ ok }) => ok) && (
        <p className="border-t bg-good-soft px-4 py-2 font-medium text-good">{t.open}</p>
      )}
    </>
  )
}

/** At the end of a card: tries what is written there, before it is kept. */
export function LadderFoot({
  label,
  onTest,
  test: { data, error, isPending },
}: {
  readonly label: string
  readonly onTest: () => void
  readonly test: {
    readonly data: readonly Row<'POST /bridges/:name/test'>[] | undefined
    readonly error: Error | null
    readonly isPending: boolean
  }
}) {
  const t = useWords(text)
  return (
    <div className="border-t">
      <div className="flex justify-end px-4 py-2">
        <Button small disabled={isPending} onClick={onTest}>
          {isPending ? t.testing : label}
        </Button>
      </div>
      <Rungs rungs={data ?? []} error={error} />
    </div>
  )
}
