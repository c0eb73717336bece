import { useState } from 'react'
import { Refused } from '../../api/client.ts'
import { useAnswer } from '../../api/queries.ts'
import type { Routes } from '../../api/routes.ts'
import { useMay } from '../../api/session.ts'
import { Link, useFilters, useLocation } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead, Facts } from '../../ui/card.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Unplug } from '../../ui/icons.ts'
import { Loading, Page } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'
import { ClientSubscriptions } from './client-subscriptions.tsx'
import { useKick } from './kick.ts'
import { text } from './words.ts'

const refreshMs = 2_000

export default function ClientPage() {
  const t = useWords(text)
  const [{ id: clientId, tenant, protocol }] = useFilters(['id', 'tenant', 'protocol'])
  const [, navigate] = useLocation()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayKick = useMay('operator')
  const kick = useKick(() => navigate('/clients'))
  const { data, error } = useAnswer(
    'GET /clients/:clientId',
    { params: { clientId }, query: { tenant: tenant || undefined, protocol: protocol || undefined } },
    { every: refreshMs },
  )
  const gone = error instanceof Refused && error.status === 404
  return (
    <Page
      title={clientId}
      about={
        <Link href="/clients" className="text-accent hover:underline">
          ← {t.all}
        </Link>
      }
      acts={
        data &&
        !gone &&
        mayKick && (
          <Button onClick={() => setConfirmation(kick(data))}>
            <Unplug />
            {t.kick}
          </Button>
        )
      }
    >
      {gone ? (
        <Card>
          <EmptyState title={t.gone} hint={t.goneHint} />
        </Card>
      ) : data ? (
        <ClientView client={data} />
      ) : (
        <Loading />
      )}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}

function ClientView({ client }: { client: Routes['GET /clients/:clientId']['answer'] }) {
  const t = useWords(text)
  const format = useFormat()
  const { connection, expiresAfterSeconds: lives } = client
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2">
      <Card>
        <CardHead title={t.connection} />
        <Facts
          facts={[
            [t.user, client.user ?? t.anonymous],
            [t.address, client.address ?? '–'],
            [t.speaks, connection?.speaks ?? client.protocol],
            [
              t.listener,
              connection && (
                <span className="flex flex-wrap items-center gap-2">
                  {connection.listener} :{connection.port}
                  <Badge tone={connection.secure ? 'good' : 'calm'}>{connection.secure ? t.encrypted : t.plain}</Badge>
                </span>
              ),
            ],
            [t.connectedAt, connection && <Ago at={connection.connectedAt} />],
            [t.tenant, client.tenant],
            ...Object.entries(connection?.details ?? {}).map(([name, value]) => [name, String(value)] as const),
          ]}
        />
      </Card>
      <Card>
        <CardHead title={t.session} />
        <Facts
          facts={[
            [t.queued, format.count(client.queued)],
            [t.unacknowledged, format.count(client.unacknowledged)],
            [t.queuedBytes, format.bytes(client.queuedBytes)],
            [t.lives, lives === null ? t.forEver : lives === 0 ? t.notAtAll : format.duration(lives)],
            [t.will, client.willTopic ?? t.noWill],
          ]}
        />
      </Card>
      <ClientSubscriptions client={client} />
    </div>
  )
}
