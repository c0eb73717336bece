import type { Counters } from '../../../kernel/plugin.ts'

/** Sums of counters and gauges by name, over all labels, read at one moment. */
export type Readings = ReadonlyMap<string, number>

export function readAll(counters: Counters): Readings {
  const sums = new Map<string, number>()
  for (const { name, value } of counters.all()) sums.set(name, (sums.get(name) ?? 0) + value)
  return sums
}

/** As `readAll`, of some names only: a gauge may look through all sessions. */
export function readSome(counters: Counters, names: ReadonlySet<string>): Readings {
  const sums = new Map<string, number>()
  for (const one of counters.all()) if (names.has(one.name)) sums.set(one.name, (sums.get(one.name) ?? 0) + one.value)
  return sums
}

/** What the history keeps, and the overview shows: of `rate`, the growth a second. */
export const series = {
  connections: { kind: 'value', of: ['net_connections'] },
  sessions: { kind: 'value', of: ['sessions'] },
  subscriptions: { kind: 'value', of: ['bindings'] },
  retained: { kind: 'value', of: ['retained_messages'] },
  messagesIn: { kind: 'rate', of: ['messages_published'] },
  messagesOut: { kind: 'rate', of: ['messages_delivered'] },
  dropped: { kind: 'rate', of: ['messages_dropped'] },
  bytesIn: { kind: 'rate', of: ['net_received_bytes'] },
  bytesOut: { kind: 'rate', of: ['net_sent_bytes'] },
} as const satisfies Readonly<Record<string, { kind: 'value' | 'rate'; of: readonly string[] }>>

/** Read every tenth time only: it looks through all sessions. */
export const slowSeries = { queued: ['queued_messages'] } as const

export type SeriesName = keyof typeof series | keyof typeof slowSeries | 'cpuPercent' | 'memoryBytes'

export const seriesNames: readonly SeriesName[] = [
  ...(Object.keys(series) as (keyof typeof series)[]),
  'queued',
  'cpuPercent',
  'memoryBytes',
]

export function sumOf(readings: Readings, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (readings.get(name) ?? 0), 0)
}
