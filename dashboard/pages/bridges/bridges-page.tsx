import { useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { Link, useLocation } from '../../app/navigation.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Plus } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { type Bridge, BridgeState, bridgePath, formPath } from './bridge-state.tsx'
import { ConnectionsCard } from './connections-card.tsx'
import { useLag } from './lag.ts'
import { text } from './words.ts'

const refreshMs = 1_000

export default function BridgesPage() {
  const t = useWords(text)
  const format = useFormat()
  const [, navigate] = useLocation()
  const mayChange = useMay('admin')
  const { data } = useAnswer('GET /bridges', {}, { every: refreshMs })
  const lags = useLag(data ?? undefined)
  const columns: readonly Column<Bridge>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(8rem, 1.5fr)',
      cell: one => (
        <Link href={bridgePath(one.name)} tabIndex={-1} className="font-medium text-accent hover:underline">
          {one.name}
        </Link>
      ),
      value: one => one.name,
    },
    { id: 'state', head: t.state, width: '7rem', cell: one => <BridgeState bridge={one} />, value: one => one.state },
    {
      id: 'connection',
      head: t.connection,
      from: 'sm',
      cell: one => (
        <>
          {one.connection} <span className="text-muted">· {one.type}</span>
        </>
      ),
      value: one => one.connection,
    },
    {
      id: 'direction',
      head: t.direction,
      from: 'md',
      width: '5rem',
      cell: one => t[one.direction],
      value: one => one.direction,
    },
    {
      id: 'lag',
      head: t.lag,
      width: '11rem',
      from: 'sm',
      numeric: true,
      cell: one => (
        <span className="flex items-center justify-end gap-2">
          <Sparkline values={(lags.get(one.name) ?? []).map(({ messages }) => messages)} />
          <span className="min-w-12">{format.short(one.lag.messages)}</span>
        </span>
      ),
      value: one => one.lag.messages,
    },
    {
      id: 'sent',
      head: `${t.sent} / ${t.received}`,
      from: 'md',
      width: '8rem',
      numeric: true,
      cell: one => format.count(one.direction === 'egress' ? one.sent : one.received),
      value: one => (one.direction === 'egress' ? one.sent : one.received),
    },
    {
      id: 'deadLetters',
      head: t.dead,
      from: 'md',
      width: '6.5rem',
      numeric: true,
      cell: one => (
        <span className={one.deadLetters > 0 ? 'font-medium text-warn' : undefined}>
          {format.count(one.deadLetters)}
        </span>
      ),
      value: one => one.deadLetters,
    },
  ]
  return (
    <Page
      title={t.title}
      acts={
        mayChange && (
          <Button look="main" onClick={() => navigate(formPath())}>
            <Plus />
            {t.add}
          </Button>
        )
      }
    >
      <ListTable
        from="GET /bridges"
        args={{}}
        every={refreshMs}
        label={t.title}
        name="bridges"
        columns={columns}
        keyOf={one => one.name}
        onOpen={one => navigate(bridgePath(one.name))}
        empty={<EmptyState title={t.none} hint={t.hint} command="robust-ctl bridge types" />}
      />
      <ConnectionsCard mayChange={mayChange} />
    </Page>
  )
}
