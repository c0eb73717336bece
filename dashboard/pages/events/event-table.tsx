import { type ReactNode, useState } from 'react'
import type { Row } from '../../api/client.ts'
import { type Channel, useFrames } from '../../api/live.ts'
import { queries } from '../../api/queries.ts'
import { type Format, useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { Facts } from '../../ui/card.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { At } from '../../ui/time.tsx'
import { text } from './words.ts'

type Event = Row<'GET /events'>

/** Events whose names begin so; a new one is shown when it happens. */
export function EventTable({
  name,
  label,
  channel = 'events',
  file = 'events',
  filters,
  empty,
}: {
  readonly name: string
  readonly label: string
  readonly channel?: Channel
  readonly file?: string
  readonly filters?: ReactNode
  readonly empty: ReactNode
}) {
  const t = useWords(text)
  const format = useFormat()
  const [opened, setOpened] = useState<Event>()
  useFrames(channel, () => void queries.invalidateQueries({ queryKey: ['GET /events'] }))
  const columns: readonly Column<Event>[] = [
    {
      id: 'at',
      head: t.at,
      width: 'minmax(5.5rem, 0.6fr)',
      cell: ({ at }) => <At at={at} />,
      value: ({ at }) => at,
    },
    {
      id: 'name',
      head: t.name,
      width: 'minmax(9rem, 1fr)',
      cell: ({ name }) => <Badge tone={toneOf(name)}>{name}</Badge>,
      value: ({ name }) => name,
    },
    {
      id: 'detail',
      head: t.detail,
      from: 'sm',
      width: 'minmax(10rem, 4fr)',
      cell: ({ detail }) => <span className="text-muted">{lineOf(detail, format)}</span>,
      value: ({ detail }) => JSON.stringify(detail),
    },
  ]
  return (
    <>
      <DataTable
        from="GET /events"
        args={{ query: { name } }}
        label={label}
        name={file}
        columns={columns}
        keyOf={({ id }) => String(id)}
        onOpen={setOpened}
        filters={filters}
        empty={empty}
      />
      {opened && (
        <Dialog open onClose={() => setOpened(undefined)} title={opened.name} description={format.time(opened.at)}>
          <div className="-mx-4 -my-2">
            <Facts facts={Object.entries(opened.detail).map(([key, value]) => [key, wordOf(key, value, format)])} />
          </div>
        </Dialog>
      )}
    </>
  )
}

function toneOf(name: string): Tone {
  if (/raised|failed|flapping/.test(name)) return 'bad'
  if (/cleared|\.connected/.test(name)) return 'good'
  if (/disconnected|expired/.test(name)) return 'warn'
  return 'calm'
}

/** Names and values in a line; what is unknown says nothing. */
function lineOf(detail: Readonly<Record<string, unknown>>, format: Format): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${key} ${wordOf(key, value, format)}`)
    .join(' · ')
}

function wordOf(key: string, value: unknown, format: Format): string {
  if (typeof value === 'number' && isMoment(key)) return format.time(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Moments go by the names that the API gives them everywhere. */
function isMoment(key: string): boolean {
  return key === 'until' || key.endsWith('At')
}
