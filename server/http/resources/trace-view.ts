import { z } from 'zod'
import type { Trace, TraceEntry } from '../../../kernel/observe/trace.ts'
import { payloadOf } from './message-view.ts'
import { guarantee, time, timeOf } from './names.ts'

export const traceView = z.strictObject({
  name: z.string(),
  tenant: z.string().nullable(),
  clientId: z.string().nullable(),
  topic: z.string().nullable().describe('A topic filter.'),
  address: z.string().nullable().describe('An address or a CIDR block.'),
  payloadBytes: z.int().describe('Bytes of each payload that are kept.'),
  state: z
    .enum(['running', 'stopped', 'over', 'full'])
    .describe('over: its time has passed; full: it has recorded all that it may.'),
  startedAt: time,
  endsAt: time.describe('When it ends, or ended.'),
  entries: z.int(),
  bytes: z.int().describe('What its entries take, by rule of thumb.'),
})

export const traceEntryView = z.strictObject({
  id: z.int().describe('Grows by one with each, from 1.'),
  at: time,
  event: z
    .string()
    .describe(
      'connected, disconnected, bound, unbound, published, acknowledged, refused, delivered, settled, dropped, …',
    ),
  tenant: z.string().nullable(),
  clientId: z.string().nullable(),
  address: z.string().nullable(),
  topic: z.string().nullable().describe('Of a message; of a subscription, its filter.'),
  qos: guarantee.nullable(),
  from: z.string().nullable().describe('The client that published it.'),
  payloadBytes: z.int().nullable(),
  payload: z.string().nullable().describe('Its first bytes, where they were asked for.'),
  encoding: z.enum(['text', 'base64']).nullable(),
  reason: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()).nullable(),
})

export function showTrace({ options, state, startedAt, endedAt, length, bytes }: Trace): z.output<typeof traceView> {
  return {
    name: options.name,
    tenant: options.tenant ?? null,
    clientId: options.clientId ?? null,
    topic: options.filter ?? null,
    address: options.address ?? null,
    payloadBytes: options.payloadBytes ?? 0,
    state,
    startedAt: timeOf(startedAt),
    endsAt: timeOf(endedAt ?? startedAt + options.durationMs),
    entries: length,
    bytes,
  }
}

export function showEntry(entry: TraceEntry): z.output<typeof traceEntryView> {
  const { subject, payload } = entry
  const shown = payload ? payloadOf(payload) : { payload: null, encoding: null }
  return {
    id: entry.id,
    at: timeOf(entry.at),
    event: entry.event,
    tenant: subject?.tenant ?? null,
    clientId: subject?.clientId ?? null,
    address: subject?.address || null,
    topic: entry.topic ?? null,
    qos: (entry.guarantee as 0 | 1 | 2 | undefined) ?? null,
    from: entry.from ?? null,
    payloadBytes: entry.payloadBytes ?? null,
    ...shown,
    reason: entry.reason ?? null,
    detail: entry.detail ? { ...entry.detail } : null,
  }
}
