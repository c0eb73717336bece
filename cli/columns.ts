import type { Row } from './api-client.ts'
import type { Columns } from './output/printer.ts'

/** What tables show, by what is listed. */

const field = (name: string) => (row: Row) => row[name]

/** `connection.listener` */
function deep(path: string) {
  return (row: Row): unknown =>
    path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown> | null | undefined)?.[step], row)
}

export const columns = {
  clients: {
    name: 'clientId',
    of: {
      client: field('clientId'),
      user: field('user'),
      address: field('address'),
      protocol: deep('connection.speaks'),
      listener: deep('connection.listener'),
      subscriptions: field('subscriptions'),
      queued: field('queued'),
      since: deep('connection.connectedAt'),
    },
  },
  sessions: {
    name: 'clientId',
    of: {
      client: field('clientId'),
      connected: field('connected'),
      subscriptions: field('subscriptions'),
      queued: field('queued'),
      bytes: field('queuedBytes'),
      'expires after': ({ expiresAfterSeconds }) =>
        expiresAfterSeconds === null ? 'never' : `${expiresAfterSeconds} s`,
      'left at': field('disconnectedAt'),
    },
  },
  subscriptions: {
    name: 'filter',
    of: {
      client: field('clientId'),
      filter: field('filter'),
      qos: field('qos'),
      group: field('group'),
      exclusive: field('exclusive'),
    },
  },
  topics: {
    name: 'topic',
    of: { topic: field('topic'), retained: deep('retained.payload'), published: deep('retained.publishedAt') },
  },
  retained: {
    name: 'topic',
    of: {
      topic: field('topic'),
      payload: field('payload'),
      bytes: field('payloadBytes'),
      qos: field('qos'),
      published: field('publishedAt'),
    },
  },
  delayed: {
    name: 'id',
    of: { id: field('id'), topic: field('topic'), client: field('clientId'), 'publish at': field('publishAt') },
  },
  users: {
    name: 'name',
    of: { user: field('name'), tenant: field('tenant'), superuser: field('superuser'), scram: field('scram') },
  },
  rules: {
    name: 'effect',
    of: {
      '#': field('index'),
      effect: field('effect'),
      action: field('action'),
      filters: ({ filters }) => (filters as readonly string[] | undefined)?.join(' ') ?? 'every topic',
      user: field('user'),
      client: field('clientId'),
      address: field('address'),
    },
  },
  bans: {
    name: 'value',
    of: { kind: field('kind'), value: field('value'), until: field('until'), reason: field('reason') },
  },
  flapping: {
    name: 'clientId',
    of: {
      client: field('clientId'),
      tenant: field('tenant'),
      disconnects: field('disconnects'),
      last: field('lastAt'),
      'banned until': field('bannedUntil'),
    },
  },
  bridges: {
    name: 'name',
    of: {
      bridge: field('name'),
      direction: field('direction'),
      connection: field('connection'),
      type: field('type'),
      state: field('state'),
      waiting: deep('lag.messages'),
      sent: field('sent'),
      received: field('received'),
      'dead letters': field('deadLetters'),
      detail: field('detail'),
    },
  },
  connections: {
    name: 'name',
    of: {
      connection: field('name'),
      type: field('type'),
      'used by': ({ bridges }) => (bridges as readonly string[]).join(' '),
      standing: field('standing'),
      from: field('from'),
    },
  },
  bridgeTypes: {
    name: 'type',
    of: {
      type: field('type'),
      out: ({ egress }) => (egress ? 'yes' : ''),
      in: ({ ingress }) => (ingress ? 'yes' : ''),
      '': field('describe'),
    },
  },
  bridgeOptions: {
    name: 'name',
    of: {
      of: field('of'),
      option: field('name'),
      value: ({ type, values }) => (values as readonly string[] | undefined)?.join('|') ?? type,
      // What is more than a value would make every row as long.
      default: ({ required, default: standard }) =>
        required ? 'required' : typeof standard === 'object' ? undefined : standard,
      '': field('describe'),
    },
  },
  rungs: {
    name: 'name',
    of: {
      '': ({ ok }) => (ok === true ? 'ok' : 'X'),
      step: field('name'),
      ms: ({ ms }) => Math.round(Number(ms)),
      found: field('detail'),
      mend: field('mend'),
    },
  },
  deadLetters: {
    name: 'id',
    of: { id: field('id'), at: field('at'), code: field('code'), topic: field('topic'), reason: field('reason') },
  },
  plugins: { name: 'name', of: { kind: field('kind'), name: field('name'), state: field('state') } },
  nodes: {
    name: 'name',
    of: {
      node: field('name'),
      version: field('version'),
      'node.js': field('nodejs'),
      host: field('host'),
      pid: field('pid'),
      'up for': ({ uptimeSeconds }) => `${uptimeSeconds} s`,
      memory: ({ memory }) => `${Math.round((memory as { processBytes: number }).processBytes / 1_048_576)} MiB`,
    },
  },
  listeners: {
    name: 'name',
    of: {
      listener: field('name'),
      protocol: field('protocol'),
      transport: field('transport'),
      host: field('host'),
      port: field('port'),
      connections: field('connections'),
    },
  },
  config: { name: 'path', of: { key: field('path'), value: field('value'), from: field('from') } },
  alarms: { name: 'name', of: { alarm: field('name'), since: field('raisedAt'), message: field('message') } },
  slow: {
    name: 'clientId',
    of: {
      client: field('clientId'),
      topic: field('topic'),
      'latency ms': field('latencyMs'),
      seen: field('lastSeenAt'),
    },
  },
  events: { name: 'name', of: { at: field('at'), event: field('name'), detail: field('detail') } },
  traces: {
    name: 'name',
    of: {
      trace: field('name'),
      state: field('state'),
      client: field('clientId'),
      topic: field('topic'),
      address: field('address'),
      entries: field('entries'),
      'ends at': field('endsAt'),
    },
  },
  traceEntries: {
    name: 'event',
    of: {
      at: field('at'),
      event: field('event'),
      client: field('clientId'),
      topic: field('topic'),
      qos: field('qos'),
      from: field('from'),
      bytes: field('payloadBytes'),
      reason: field('reason'),
      payload: field('payload'),
    },
  },
  apiKeys: {
    name: 'id',
    of: {
      id: field('id'),
      name: field('name'),
      role: field('role'),
      groups: ({ groups }) => (groups as readonly string[] | null)?.join(' ') ?? 'all',
      'expires at': field('expiresAt'),
      'made by': field('createdBy'),
    },
  },
  measures: { name: 'measure', of: { measure: field('measure'), value: field('value') } },
  comparedMeasures: {
    name: 'measure',
    of: { measure: field('measure'), value: field('value'), before: field('before'), change: field('change') },
  },
  contexts: { name: 'name', of: { '': field('mark'), name: field('name'), url: field('url'), key: field('key') } },
  checks: {
    name: 'check',
    of: { '': field('mark'), check: field('check'), found: field('found'), mend: field('mend') },
  },
} as const satisfies Readonly<Record<string, Columns>>
