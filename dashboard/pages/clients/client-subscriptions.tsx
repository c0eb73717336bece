import { useState } from 'react'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useWords } from '../../language/language.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { Input, Select } from '../../ui/field.tsx'
import { X } from '../../ui/icons.ts'
import { toast, toastFailure } from '../../ui/toast.tsx'
import type { ClientName } from './kick.ts'
import { text } from './words.ts'

const levels = ['0', '1', '2'].map(value => ({ value, label: `QoS ${value}` }))

/** What a client is subscribed to; subscriptions can be made and ended for it. */
export function ClientSubscriptions({ client: { clientId, tenant, protocol } }: { client: ClientName }) {
  const t = useWords(text)
  const place = { params: { clientId }, query: { tenant, protocol } }
  const { data } = useAnswer('GET /clients/:clientId/subscriptions', place, { every: 3_000 })
  const mayChange = useMay('operator')
  const [filter, setFilter] = useState('')
  const [qos, setQos] = useState('0')
  const subscribe = useAct('POST /clients/:clientId/subscriptions', { failed: toastFailure })
  const unsubscribe = useAct('DELETE /clients/:clientId/subscriptions', { failed: toastFailure })
  const add = () =>
    subscribe.mutate(
      { ...place, body: { filter, qos: Number(qos) as 0 | 1 | 2 } },
      {
        onSuccess: () => {
          toast(t.subscribed(filter))
          setFilter('')
        },
      },
    )
  return (
    <Card className="xl:col-span-2">
      <CardHead title={t.subscriptions}>
        {mayChange && (
          <form
            className="flex items-center gap-2 py-1"
            onSubmit={event => {
              event.preventDefault()
              if (filter !== '') add()
            }}
          >
            <Input
              aria-label={t.filter}
              placeholder={t.filter}
              className="w-32 font-mono sm:w-56"
              value={filter}
              onChange={event => setFilter(event.target.value)}
            />
            <Select aria-label={t.qos} className="w-20" choices={levels} value={qos} onChoose={setQos} />
            <Button type="submit" disabled={filter === '' || subscribe.isPending}>
              {t.subscribe}
            </Button>
          </form>
        )}
      </CardHead>
      {data?.length === 0 && <p className="px-4 py-6 text-center text-muted">{t.noSubscriptions}</p>}
      <ul>
        {data?.map(one => (
          <li
            key={`${one.filter}\0${one.group ?? ''}`}
            className="flex min-h-9 items-center gap-2 border-b px-4 py-1 last:border-b-0"
          >
            <span className="min-w-0 flex-1 truncate font-mono">{one.filter}</span>
            {one.group !== null && (
              <Badge>
                {t.group} {one.group}
              </Badge>
            )}
            <Badge>QoS {one.qos}</Badge>
            {mayChange && (
              <IconButton
                small
                label={`${t.unsubscribe} ${one.filter}`}
                onClick={() =>
                  unsubscribe.mutate(
                    { ...place, query: { ...place.query, filter: one.filter, group: one.group ?? undefined } },
                    { onSuccess: () => toast(t.unsubscribed(one.filter)) },
                  )
                }
              >
                <X />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
    </Card>
  )
}
