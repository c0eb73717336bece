import { useMemo } from 'react'
import { Refused } from '../../api/client.ts'
import { useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { Link, useFilters } from '../../app/navigation.ts'
import { Chart } from '../../charts/chart.tsx'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { Card, CardHead, Facts } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Loading, Page } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'
import { BridgeActs } from './bridge-acts.tsx'
import { type Bridge, BridgeState } from './bridge-state.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { Ladder } from './ladder.tsx'
import { type LagPoint, useLag } from './lag.ts'
import { text } from './words.ts'

const refreshMs = 1_000

export default function BridgePage() {
  const t = useWords(text)
  const [{ name }] = useFilters(['name'])
  const mayAct = useMay('operator')
  const { data, error } = useAnswer('GET /bridges/:name', { params: { name } }, { every: refreshMs })
  const listed = useMemo(() => (data ? [data] : undefined), [data])
  const lag = useLag(listed).get(name) ?? []
  const gone = error instanceof Refused && error.status === 404
  const configured = useAnswer('GET /bridges/:name/config', { params: { name } }, { enabled: gone })
  const idle = gone && configured.data
  return (
    <Page
      title={name}
      about={
        <Link href="/bridges" className="text-accent hover:underline">
          ← {t.all}
        </Link>
      }
      acts={(data ?? idle) && <BridgeActs name={name} bridge={data ?? undefined} />}
    >
      {gone ? (
        <Card>
          <EmptyState title={idle ? t.idle : t.gone} />
        </Card>
      ) : data ? (
        <>
          <div className="grid items-start gap-4 xl:grid-cols-2">
            <Numbers bridge={data} />
            <div className="flex min-w-0 flex-col gap-4">
              <LagChart points={lag} />
              {mayAct && <Ladder name={name} />}
            </div>
          </div>
          <DeadLetters name={name} mayAct={mayAct} />
        </>
      ) : (
        <Loading />
      )}
    </Page>
  )
}

function LagChart({ points }: { points: readonly LagPoint[] }) {
  const t = useWords(text)
  const { short } = useFormat()
  const times = useMemo(() => points.map(({ at }) => at / 1_000), [points])
  const values = useMemo(() => [points.map(({ messages }) => messages)], [points])
  return (
    <Card className="min-w-0">
      <Chart
        label={t.lagChart}
        lines={[{ label: t.lagLine, colour: 'accent' }]}
        times={times}
        values={values}
        write={short}
      />
    </Card>
  )
}

function Numbers({ bridge }: { bridge: Bridge }) {
  const t = useWords(text)
  const { count, bytes, duration } = useFormat()
  const { lag, direction } = bridge
  return (
    <Card>
      <CardHead title={t.numbers}>
        <BridgeState bridge={bridge} />
      </CardHead>
      {bridge.detail !== null && <p className="border-b bg-warn-soft px-4 py-2 text-warn">{bridge.detail}</p>}
      <Facts
        facts={[
          [t.connection, `${bridge.connection} · ${bridge.type}`],
          [t.direction, t[direction]],
          [t.since, <Ago key="since" at={bridge.since} />],
          direction === 'egress' ? [t.sent, count(bridge.sent)] : [t.received, count(bridge.received)],
          [t.lag, count(lag.messages)],
          [t.bytes, bytes(lag.bytes)],
          [t.age, duration(lag.ageMs / 1_000)],
          [t.retried, count(bridge.retried)],
          [t.rejected, count(bridge.rejected)],
          [t.filtered, count(bridge.filtered)],
          [t.looped, count(bridge.looped)],
          [t.dropped, count(bridge.dropped)],
        ]}
      />
    </Card>
  )
}
