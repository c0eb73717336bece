import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { Link, useFilters, useLocation } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords, words } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { DataTable } from '../../table/data-table.tsx'
import { Dot } from '../../ui/badge.tsx'
import { IconButton } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { Trash2 } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Ago } from '../../ui/time.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { clientPath } from '../clients/client-link.tsx'

const text = words({
  en: {
    title: 'Sessions',
    search: 'Find by client id',
    state: 'State',
    any: 'Connected or not',
    connected: 'connected',
    away: 'away',
    clientId: 'Client id',
    user: 'User',
    since: 'Away since',
    lives: 'Kept for',
    forEver: 'for ever',
    subscriptions: 'Subscriptions',
    queued: 'Waiting',
    bytes: 'Bytes',
    end: 'End the session',
    endTitle: (id: string) => `End the session of ${id}?`,
    endConsequence: (n: string) =>
      `Its subscriptions and ${n} waiting messages are lost for good. A client that is connected is disconnected.`,
    ended: (id: string) => `The session of ${id} has ended`,
    none: 'There is no session',
    noneFits: 'No session fits the filters',
    hint: 'This one stays when its client goes away:',
  },
  zh: {
    title: '会话',
    search: '按客户端 ID 查找',
    state: '状态',
    any: '全部',
    connected: '已连接',
    away: '离线',
    clientId: '客户端 ID',
    user: '用户',
    since: '离线时间',
    lives: '保留',
    forEver: '永久',
    subscriptions: '订阅',
    queued: '等待',
    bytes: '字节',
    end: '结束会话',
    endTitle: id => `结束 ${id} 的会话？`,
    endConsequence: n => `其订阅和 ${n} 条等待的消息将永久丢失。已连接的客户端会被断开。`,
    ended: id => `${id} 的会话已结束`,
    none: '没有会话',
    noneFits: '没有符合条件的会话',
    hint: '下面的会话在客户端离开后仍会保留：',
  },
})

type Session = Row<'GET /sessions'>

export default function SessionsPage() {
  const t = useWords(text)
  const format = useFormat()
  const [filters, setFilters] = useFilters(['search', 'connected'])
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const [, navigate] = useLocation()
  const mayEnd = useMay('operator')
  const end = useAct('DELETE /sessions/:clientId', { failed: toastFailure })
  const ask = ({ clientId, tenant, protocol, queued }: Session): Confirmation => ({
    title: t.endTitle(clientId),
    consequence: t.endConsequence(format.count(queued)),
    act: t.end,
    typed: clientId,
    onConfirm: () =>
      end.mutate({ params: { clientId }, query: { tenant, protocol } }, { onSuccess: () => toast(t.ended(clientId)) }),
  })
  const columns: readonly Column<Session>[] = [
    {
      id: 'clientId',
      head: t.clientId,
      width: 'minmax(5rem, 2fr)',
      cell: one =>
        one.connected ? (
          <Link href={clientPath(one)} tabIndex={-1} className="font-medium text-accent hover:underline">
            {one.clientId}
          </Link>
        ) : (
          <span className="font-medium">{one.clientId}</span>
        ),
      value: one => one.clientId,
    },
    {
      id: 'connected',
      head: t.state,
      width: '6.5rem',
      cell: one => <Dot tone={one.connected ? 'good' : 'calm'}>{one.connected ? t.connected : t.away}</Dot>,
      value: one => one.connected,
    },
    { id: 'user', head: t.user, from: 'lg', cell: one => one.user ?? '–', value: one => one.user },
    {
      id: 'disconnectedAt',
      head: t.since,
      from: 'md',
      width: '8rem',
      cell: one => (one.disconnectedAt === null ? '–' : <Ago at={one.disconnectedAt} />),
      value: one => one.disconnectedAt,
    },
    {
      id: 'expiresAfterSeconds',
      head: t.lives,
      from: 'md',
      width: '6rem',
      cell: ({ expiresAfterSeconds: lives }) =>
        lives === null ? t.forEver : lives === 0 ? '–' : format.duration(lives),
      value: one => one.expiresAfterSeconds,
    },
    {
      id: 'subscriptions',
      head: t.subscriptions,
      from: 'lg',
      width: '6.5rem',
      numeric: true,
      cell: one => one.subscriptions,
      value: one => one.subscriptions,
    },
    {
      id: 'queued',
      head: t.queued,
      width: '4rem',
      numeric: true,
      cell: one => format.count(one.queued),
      value: one => one.queued,
    },
    {
      id: 'queuedBytes',
      head: t.bytes,
      from: 'lg',
      width: '6rem',
      numeric: true,
      cell: one => format.bytes(one.queuedBytes),
      value: one => one.queuedBytes,
    },
    ...(mayEnd
      ? [
          {
            id: 'acts',
            head: '',
            width: '2rem',
            cell: (one: Session) => (
              <IconButton small label={`${t.end}: ${one.clientId}`} onClick={() => setConfirmation(ask(one))}>
                <Trash2 />
              </IconButton>
            ),
          },
        ]
      : []),
  ]
  const filtered = Object.values(filters).some(value => value !== '')
  return (
    <Page title={t.title}>
      <DataTable
        from="GET /sessions"
        args={{
          query: {
            search: filters.search,
            connected: filters.connected === 'true' || filters.connected === 'false' ? filters.connected : undefined,
          },
        }}
        label={t.title}
        name="sessions"
        columns={columns}
        keyOf={({ clientId, tenant, protocol }) => `${tenant}\0${protocol}\0${clientId}`}
        onOpen={one => {
          if (one.connected) navigate(clientPath(one))
        }}
        filters={
          <>
            <SearchField label={t.search} value={filters.search} onChange={search => setFilters({ search })} />
            <Select
              aria-label={t.state}
              className="w-40"
              value={filters.connected}
              onChoose={connected => setFilters({ connected })}
              choices={[
                { value: '', label: t.any },
                { value: 'true', label: t.connected },
                { value: 'false', label: t.away },
              ]}
            />
          </>
        }
        empty={
          filtered ? (
            <EmptyState title={t.noneFits} />
          ) : (
            <EmptyState
              title={t.none}
              hint={t.hint}
              command={`mosquitto_sub -h ${location.hostname} -i keeper -c -q 1 -t 'greetings/#' -v`}
            />
          )
        }
      />
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
