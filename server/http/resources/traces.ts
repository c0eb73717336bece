import { Readable } from 'node:stream'
import { z } from 'zod'
import { maxTraceEntries, maxTracePayloadBytes, type Trace } from '../../../kernel/observe/trace.ts'
import { maxTraceMs } from '../../../kernel/observe/traces.ts'
import type { House } from '../house.ts'
import { pageOf, pageQuery } from '../page.ts'
import { Problem } from '../problem.ts'
import { file, list, type Route, route } from '../route.ts'
import { showEntry, showTrace, traceEntryView, traceView } from './trace-view.ts'

const named = z.strictObject({ name: z.string() })

/** What happens to a few clients or topics, entry by entry. Whoever reads them may read messages: an operator. */
export const traceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/traces',
    group: 'traces',
    summary: 'List traces',
    needs: 'viewer',
    answer: z.array(traceView),
    handle: ({ house }) => house.kernel.traces.list().map(showTrace),
  }),
  route({
    method: 'POST',
    path: '/traces',
    group: 'traces',
    summary: 'Record what happens to a client, a topic or an address',
    needs: 'operator',
    status: 201,
    body: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected 1 to 64 of A-Z a-z 0-9 . _ -'),
      tenant: z.string().optional().describe('Default: all.'),
      clientId: z.string().min(1).optional().describe('What it does, and what becomes of its messages.'),
      topic: z.string().min(1).optional().describe('A topic filter.'),
      address: z.string().min(1).optional().describe('An address or a CIDR block.'),
      payloadBytes: z.int().min(0).max(maxTracePayloadBytes).default(0).describe('Bytes of each payload to keep.'),
      entries: z.int().min(1).max(maxTraceEntries).default(maxTraceEntries).describe('After so many it ends.'),
      seconds: z
        .int()
        .min(1)
        .max(maxTraceMs / 1_000)
        .default(600)
        .describe('How long it records.'),
    }),
    answer: traceView,
    handle: ({ house, body: { topic, seconds, ...rest } }) =>
      showTrace(house.kernel.traces.start({ ...rest, filter: topic, durationMs: seconds * 1_000 })),
  }),
  route({
    method: 'GET',
    path: '/traces/:name',
    group: 'traces',
    summary: 'Show a trace',
    needs: 'viewer',
    params: named,
    answer: traceView,
    handle: ({ house, params: { name } }) => showTrace(existing(house, name)),
  }),
  list({
    path: '/traces/:name/entries',
    group: 'traces',
    summary: 'List what a trace has recorded, the oldest first',
    needs: 'operator',
    params: named,
    query: z.strictObject({
      ...pageQuery,
      event: z.string().optional().describe('Only entries of this kind.'),
    }),
    answer: traceEntryView,
    handle: ({ house, params: { name }, query: { limit, cursor, event } }) =>
      pageOf(existing(house, name).after(0), {
        limit,
        cursor,
        keyOf: ({ id }) => String(id).padStart(8, '0'),
        keep: entry => event === undefined || entry.event === event,
        view: showEntry,
      }),
  }),
  file({
    path: '/traces/:name/download',
    group: 'traces',
    summary: 'Download what a trace has recorded, one JSON value a line',
    needs: 'operator',
    params: named,
    produces: 'application/x-ndjson',
    handle: ({ house, params: { name } }) => Readable.from(lines(existing(house, name))),
  }),
  route({
    method: 'POST',
    path: '/traces/:name/stop',
    group: 'traces',
    summary: 'End a trace; what it has recorded stays',
    needs: 'operator',
    params: named,
    answer: traceView,
    handle: ({ house, params: { name } }) => {
      const trace = existing(house, name)
      house.kernel.traces.stop(name)
      return showTrace(trace)
    },
  }),
  route({
    method: 'DELETE',
    path: '/traces/:name',
    group: 'traces',
    summary: 'End and delete a trace',
    needs: 'operator',
    params: named,
    handle: async ({ house, params: { name } }) => {
      if (!house.kernel.traces.remove(name)) throw unknown(name)
    },
  }),
]

function existing(house: House, name: string): Trace {
  const trace = house.kernel.traces.get(name)
  if (!trace) throw unknown(name)
  return trace
}

function unknown(name: string): Problem {
  return new Problem('not-found', `there is no trace "${name}"`)
}

function* lines(trace: Trace): Iterable<string> {
  for (const entry of trace.after(0)) yield `${JSON.stringify(showEntry(entry))}\n`
}
