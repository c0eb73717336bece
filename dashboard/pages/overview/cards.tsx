import type { ReactNode } from 'react'
import { useSample } from '../../api/live.ts'
import type { Routes } from '../../api/routes.ts'
import { Link } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { text } from './words.ts'

export type Overview = Routes['GET /overview']['answer']

/** The six numbers that say how the broker is; they move every second. */
export function Cards({ overview }: { overview: Overview }) {
  const t = useWords(text)
  const format = useFormat()
  const sample = useSample() ?? overview.now ?? {}
  const now = (name: string) => sample[name] ?? 0
  const total = (name: string) => format.short(overview.totals[name] ?? 0)
  const dropped = overview.totals.messages_dropped ?? 0
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-3 2xl:grid-cols-6">
      <Card name={t.connections} href="/clients" value={format.short(now('connections'))}>
        {t.sessions(format.short(now('sessions')))}
      </Card>
      <Card name={t.messagesIn} value={format.short(now('messagesIn'))} unit={t.perSecond}>
        {t.inAll(total('messages_published'))}
      </Card>
      <Card name={t.messagesOut} value={format.short(now('messagesOut'))} unit={t.perSecond}>
        {t.inAll(total('messages_delivered'))}
        {' · '}
        {dropped === 0 ? (
          t.noneDropped
        ) : (
          <span className="font-medium text-warn">{t.dropped(format.short(dropped))}</span>
        )}
      </Card>
      <Card name={t.subscriptions} href="/subscriptions" value={format.short(now('subscriptions'))}>
        {t.subscriptionsHint}
      </Card>
      <Card name={t.retained} href="/retained" value={format.short(now('retained'))}>
        {t.retainedHint}
      </Card>
      <Card name={t.queued} href="/sessions" value={format.short(now('queued'))}>
        {t.waiting}
      </Card>
    </div>
  )
}

function Card({
  name,
  value,
  unit,
  href,
  children,
}: {
  readonly name: string
  readonly value: string
  readonly unit?: string
  readonly href?: string
  readonly children: ReactNode
}) {
  const content = (
    <>
      <div className="text-muted">{name}</div>
      <div className="mt-1 flex items-baseline gap-1.5">
        <span className="numbers text-2xl leading-8 font-semibold tracking-tight">{value}</span>
        {unit !== undefined && <span className="text-xs text-muted">{unit}</span>}
      </div>
      <div className="numbers truncate text-xs text-muted">{children}</div>
    </>
  )
  const look = 'block min-w-0 rounded-lg border bg-surface px-4 py-3 shadow-card'
  if (href === undefined) return <div className={look}>{content}</div>
  return (
    <Link href={href} className={`${look} hover:border-strong-line`}>
      {content}
    </Link>
  )
}
