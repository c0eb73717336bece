import { freemem, hostname, loadavg, totalmem } from 'node:os'
import { z } from 'zod'
import { version } from '../../../kernel/version.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { resolutions } from '../stream/history.ts'
import { readAll, type SeriesName, seriesNames } from '../stream/readings.ts'
import { time, timeOf } from './names.ts'

const sample = z.record(z.enum(seriesNames as [SeriesName, ...SeriesName[]]), z.number())

const node = z.strictObject({
  name: z.string(),
  version: z.string(),
  nodejs: z.string(),
  host: z.string(),
  pid: z.int(),
  startedAt: time,
  uptimeSeconds: z.number(),
  memory: z.strictObject({ processBytes: z.int(), totalBytes: z.int(), freeBytes: z.int() }),
  load: z.tuple([z.number(), z.number(), z.number()]),
})

const overview = z.strictObject({
  node,
  now: sample.nullable().describe('Rates are of the last second, a second; null in the first one.'),
  totals: z.record(z.string(), z.number()).describe('Every counter and gauge, summed over its labels.'),
  alarms: z.int(),
  listeners: z.int(),
  storage: z.string(),
})

export const nodeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/overview',
    group: 'overview',
    summary: 'Show the most important numbers',
    needs: 'viewer',
    answer: overview,
    handle: ({ house }) => ({
      node: nodeOf(house),
      now: house.history.latest ?? null,
      totals: Object.fromEntries(readAll(house.kernel.counters)),
      alarms: house.kernel.alarms.list().length,
      listeners: house.kernel.listeners.length,
      storage: house.server.current.config.storage.type,
    }),
  }),
  route({
    method: 'GET',
    path: '/history',
    group: 'overview',
    summary: 'Show how the numbers went',
    needs: 'viewer',
    query: z.strictObject({ span: z.enum(resolutions.map(({ name }) => name)).default('5m') }),
    answer: z.array(z.strictObject({ at: time, values: sample })),
    handle: ({ house, query }) =>
      house.history.of(query.span).map(({ at, values }) => ({ at: timeOf(at), values: { ...values } })),
  }),
  route({
    method: 'GET',
    path: '/nodes',
    group: 'nodes',
    summary: 'List the nodes of the cluster',
    needs: 'viewer',
    answer: z.array(node),
    handle: ({ house }) => [nodeOf(house)],
  }),
  route({
    method: 'GET',
    path: '/nodes/:name',
    group: 'nodes',
    summary: 'Show a node',
    needs: 'viewer',
    params: z.strictObject({ name: z.string() }),
    answer: node,
    handle: ({ house, params }) => {
      const found = nodeOf(house)
      if (found.name !== params.name) throw new Problem('not-found', `there is no node "${params.name}"`)
      return found
    },
  }),
  route({
    method: 'GET',
    path: '/plugins',
    group: 'plugins',
    summary: 'List plugins in use and what they say of themselves',
    needs: 'viewer',
    answer: z.array(z.strictObject({ kind: z.string(), name: z.string(), state: z.record(z.string(), z.unknown()) })),
    handle: ({ house }) => house.kernel.plugins.map(({ kind, name, state }) => ({ kind, name, state: { ...state } })),
  }),
  route({
    method: 'GET',
    path: '/listeners',
    group: 'listeners',
    summary: 'List listeners',
    needs: 'viewer',
    answer: z.array(
      z.strictObject({
        name: z.string(),
        protocol: z.string(),
        transport: z.string(),
        host: z.string(),
        port: z.int(),
        connections: z.int(),
      }),
    ),
    handle: ({ house }) => {
      const open = new Map<string, number>()
      for (const { name, labels, value } of house.kernel.counters.all())
        if (name === 'net_connections' && labels.listener !== undefined) open.set(labels.listener, value)
      return house.kernel.listeners.map(bound => ({ ...bound, connections: open.get(bound.name) ?? 0 }))
    },
  }),
]

export function nodeOf({ server, clock, startedAt }: House): z.output<typeof node> {
  const [one = 0, five = 0, fifteen = 0] = loadavg()
  return {
    name: server.started.config.node.name,
    version,
    nodejs: process.version,
    host: hostname(),
    pid: process.pid,
    startedAt: timeOf(startedAt),
    uptimeSeconds: Math.floor((clock.now() - startedAt) / 1_000),
    memory: { processBytes: process.memoryUsage.rss(), totalBytes: totalmem(), freeBytes: freemem() },
    load: [one, five, fifteen],
  }
}
