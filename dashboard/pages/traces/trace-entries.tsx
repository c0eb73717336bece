import type { Row } from '../../api/client.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { At } from '../../ui/time.tsx'
import { text } from './words.ts'

type Entry = Row<'GET /traces/:name/entries'>

const events = [
  'connected',
  'disconnected',
  'bound',
  'unbound',
  'published',
  'acknowledged',
  'refused',
  'delivered',
  'settled',
  'dropped',
] as const

/** What a trace records, as it does. */
export function TraceEntries({
  name,
  event,
  onEvent,
}: {
  name: string
  event: string
  onEvent: (event: string) => void
}) {
  const t = useWords(text)
  const columns: readonly Column<Entry>[] = [
    { id: 'at', head: t.at, width: 'minmax(5.5rem, 0.6fr)', cell: ({ at }) => <At at={at} />, value: ({ at }) => at },
    {
      id: 'event',
      head: t.event,
      width: '6.75rem',
      cell: ({ event }) => <Badge tone={toneOf(event)}>{event}</Badge>,
      value: ({ event }) => event,
    },
    {
      id: 'clientId',
      head: t.who,
      from: 'sm',
      cell: ({ clientId }) => clientId ?? '–',
      value: ({ clientId }) => clientId,
    },
    {
      id: 'topic',
      head: t.subject,
      width: 'minmax(5rem, 2fr)',
      cell: ({ topic }) => <span className="font-mono text-xs">{topic ?? '–'}</span>,
      value: ({ topic }) => topic,
    },
    { id: 'more', head: t.more, from: 'md', width: 'minmax(8rem, 2fr)', cell: moreOf, value: moreOf },
  ]
  return (
    <DataTable
      from="GET /traces/:name/entries"
      args={{ params: { name }, query: { event: event || undefined } }}
      every={1_000}
      label={t.recorded(name)}
      name={`trace-${name}`}
      columns={columns}
      keyOf={({ id }) => String(id)}
      filters={
        <Select
          aria-label={t.event}
          className="w-44!"
          value={event}
          onChoose={onEvent}
          choices={[{ value: '', label: t.anyEvent }, ...events.map(value => ({ value, label: value }))]}
        />
      }
      empty={<EmptyState title={t.nothing} hint={t.nothingHint} />}
    />
  )
}

function toneOf(event: string): Tone {
  if (/refused|dropped/.test(event)) return 'bad'
  if (/disconnected/.test(event)) return 'warn'
  return /connected|delivered|settled/.test(event) ? 'good' : 'calm'
}

function moreOf({ qos, from, payload, encoding, reason, detail }: Entry): string {
  const parts = [
    qos !== null && `QoS ${qos}`,
    from !== null && `← ${from}`,
    payload !== null && (encoding === 'text' ? payload : `base64 ${payload}`),
    reason,
    detail !== null && JSON.stringify(detail),
  ]
  return parts.filter(part => typeof part === 'string').join(' · ')
}
