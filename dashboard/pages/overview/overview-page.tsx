import { useAnswer } from '../../api/queries.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import { cx } from '../../ui/class-names.ts'
import { Loading, Page } from '../../ui/page.tsx'
import { Cards } from './cards.tsx'
import { Charts } from './charts.tsx'
import { FirstSteps } from './first-steps.tsx'
import { type Span, spans } from './history.ts'
import { NodeStrip } from './node-strip.tsx'
import { text } from './words.ts'

const refreshMs = 2_000

export default function OverviewPage() {
  const t = useWords(text)
  const [{ span: given }, set] = useFilters(['span'])
  const span = spans.find(one => one === given) ?? '5m'
  const { data } = useAnswer('GET /overview', {}, { every: refreshMs })
  return (
    <Page title={t.title} acts={<SpanChoice span={span} onChoose={next => set({ span: next === '5m' ? '' : next })} />}>
      {data ? (
        <>
          <FirstSteps totals={data.totals} />
          <Cards overview={data} />
          <Charts span={span} />
          <NodeStrip overview={data} />
        </>
      ) : (
        <Loading />
      )}
    </Page>
  )
}

function SpanChoice({ span, onChoose }: { span: Span; onChoose: (span: Span) => void }) {
  const t = useWords(text)
  return (
    <fieldset className="flex rounded-md border border-strong-line bg-surface p-0.5">
      <legend className="sr-only">{t.span}</legend>
      {spans.map(one => (
        <label
          key={one}
          className={cx(
            'cursor-pointer rounded px-2.5 py-1 text-xs has-focus-visible:outline-2',
            one === span ? 'bg-accent-soft font-medium text-accent' : 'text-muted hover:text-ink',
          )}
        >
          <input type="radio" name="span" className="sr-only" checked={one === span} onChange={() => onChoose(one)} />
          {t.spans[one]}
        </label>
      ))}
    </fieldset>
  )
}
