import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { ListTable } from '../../table/list-table.tsx'
import { Dot, type Tone } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Download, Pause, Play, Trash2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { At } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { StartDialog } from './start-dialog.tsx'
import { TraceEntries } from './trace-entries.tsx'
import { text } from './words.ts'

type Trace = Row<'GET /traces'>

const tones: Readonly<Record<Trace['state'], Tone>> = { running: 'good', stopped: 'calm', over: 'calm', full: 'warn' }

export default function TracesPage() {
  const t = useWords(text)
  const format = useFormat()
  const [{ search, trace, event }, setFilters] = useFilters(['search', 'trace', 'event'])
  const [starting, setStarting] = useState(false)
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayRecord = useMay('operator')
  const stop = useAct('POST /traces/:name/stop', { failed: toastFailure })
  const remove = useAct('DELETE /traces/:name', { failed: toastFailure })
  const open = (name: string) => setFilters({ trace: name, event: '' })
  const askToRemove = (name: string) =>
    setConfirmation({
      title: t.removeTitle(name),
      consequence: t.removeConsequence,
      act: t.remove,
      typed: name,
      onConfirm: () => {
        // First, so that its entries are not asked for when it is gone.
        if (trace === name) open('')
        remove.mutate({ params: { name } }, { onSuccess: () => toast(t.removed(name)) })
      },
    })
  const columns: readonly Column<Trace>[] = [
    {
      id: 'name',
      head: t.name,
      width: 'minmax(6rem, 1fr)',
      cell: ({ name }) => <span className="font-medium">{name}</span>,
      value: ({ name }) => name,
    },
    { id: 'of', head: t.of, from: 'sm', width: 'minmax(8rem, 2fr)', cell: subjectOf, value: subjectOf },
    {
      id: 'state',
      head: t.state,
      width: '6rem',
      cell: ({ state }) => <Dot tone={tones[state]}>{t.states[state]}</Dot>,
      value: ({ state }) => state,
    },
    {
      id: 'entries',
      head: t.entries,
      from: 'sm',
      width: '5rem',
      numeric: true,
      cell: ({ entries }) => format.count(entries),
      value: ({ entries }) => entries,
    },
    {
      id: 'endsAt',
      head: t.ends,
      from: 'md',
      width: '11.5rem',
      cell: ({ endsAt }) => <At at={endsAt} />,
      value: ({ endsAt }) => endsAt,
    },
    ...(mayRecord
      ? [
          {
            id: 'acts',
            head: '',
            width: '5.5rem',
            cell: ({ name, state }: Trace) => (
              <span className="flex justify-end">
                {state === 'running' && (
                  <IconButton
                    small
                    label={`${t.stop} ${name}`}
                    onClick={() => stop.mutate({ params: { name } }, { onSuccess: () => toast(t.stopped(name)) })}
                  >
                    <Pause />
                  </IconButton>
                )}
                <a
                  href={`/api/v1/traces/${encodeURIComponent(name)}/download`}
                  download={`${name}.ndjson`}
                  aria-label={`${t.download} ${name}`}
                  title={t.download}
                  className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-raised hover:text-ink [&_svg]:size-4"
                >
                  <Download />
                </a>
                <IconButton small label={`${t.remove} ${name}`} onClick={() => askToRemove(name)}>
                  <Trash2 />
                </IconButton>
              </span>
            ),
          },
        ]
      : []),
  ]
  return (
    <Page
      title={t.title}
      about={t.about}
      acts={
        mayRecord && (
          <Button look="main" onClick={() => setStarting(true)}>
            <Play />
            {t.startTitle}
          </Button>
        )
      }
    >
      <ListTable
        from="GET /traces"
        args={{}}
        every={2_000}
        label={t.title}
        name="traces"
        columns={columns}
        keyOf={({ name }) => name}
        onOpen={({ name }) => open(name)}
        keep={({ name }) => name.includes(search)}
        filters={<SearchField label={t.search} value={search} onChange={search => setFilters({ search })} />}
        empty={
          search === '' ? (
            <EmptyState
              title={t.none}
              hint={t.noneHint}
              command="robust-ctl trace start meter-1 --client meter-1 && robust-ctl trace watch meter-1"
            />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
      {trace !== '' && mayRecord && (
        <>
          <h2 className="mt-2 -mb-2 font-semibold">{t.recorded(trace)}</h2>
          <TraceEntries key={trace} name={trace} event={event} onEvent={event => setFilters({ event })} />
        </>
      )}
      {starting && <StartDialog onStarted={open} onClose={() => setStarting(false)} />}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}

function subjectOf({ clientId, topic, address, tenant }: Trace): string {
  return [clientId, topic, address, tenant].filter(one => one !== null).join(' · ')
}
