import { useEffect, useMemo, useState } from 'react'
import { type Sample, useFrames } from '../../api/live.ts'
import { useAnswer } from '../../api/queries.ts'

export const spans = ['5m', '1h', '1d', '7d'] as const
export type Span = (typeof spans)[number]

interface Point {
  readonly at: number
  readonly values: Sample
}

const livePoints = 300
const refreshMs: Readonly<Record<Span, number | undefined>> = {
  '5m': undefined,
  '1h': 10_000,
  '1d': 60_000,
  '7d': 600_000,
}

/** How the numbers went: what the server kept, and of the last minutes what it tells each second. */
export function useHistory(span: Span): { readonly times: readonly number[]; row(name: string): readonly number[] } {
  const { data } = useAnswer('GET /history', { query: { span } }, { every: refreshMs[span] })
  const [told, setTold] = useState<readonly Point[]>([])
  useFrames('metrics', ({ at, values }) => {
    if (!values) return
    setTold(before => [...before.slice(1 - livePoints), { at: Date.parse(at), values }])
  })
  const kept = useMemo(() => (data ?? []).map(({ at, values }) => ({ at: Date.parse(at), values })), [data])
  // Forgets what belongs to before a pause of the page.
  useEffect(() => setTold(before => before.filter(({ at }) => at > Date.now() - livePoints * 1_000)), [])
  return useMemo(() => {
    const last = kept.at(-1)?.at ?? 0
    const points = span === '5m' ? [...kept, ...told.filter(({ at }) => at > last + 500)].slice(-livePoints) : kept
    return { times: points.map(({ at }) => at / 1_000), row: name => points.map(({ values }) => values[name] ?? 0) }
  }, [kept, told, span])
}
