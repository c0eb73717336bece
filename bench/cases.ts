import type { ConnectionLoad, ExchangeLoad, Load, OfflineLoad, RetainedLoad } from './load.ts'

export interface Case {
  readonly load: Load
  /** Kept on disk and synced before it is acknowledged, as far as the broker can. */
  readonly durable?: boolean
}

const wire = { transport: 'tcp', version: 4, qos: 0, payloadBytes: 64 } as const

function pairs(count: number, window: number, changes: Partial<ExchangeLoad> = {}): Case {
  const shape = { kind: 'exchange', shape: 'pairs', publishers: count, subscribers: count } as const
  return { load: { ...wire, ...shape, window, ...changes } }
}

function exchange(load: Omit<ExchangeLoad, 'kind' | keyof typeof wire> & Partial<ExchangeLoad>): Case {
  return { load: { ...wire, kind: 'exchange', ...load } }
}

const filters = { shape: 'filters', filters: 100_000, publishers: 10, subscribers: 100, window: 50 } as const
const connections: ConnectionLoad = {
  kind: 'connections',
  connections: 10_000,
  concurrency: 64,
  keepAliveS: 10,
  holdMs: 5_000,
}
const retained: RetainedLoad = { ...wire, kind: 'retained', qos: 1, publishers: 5, messages: 50_000, window: 20 }
const offline: OfflineLoad = { ...wire, kind: 'offline', qos: 1, messages: 20_000, window: 100 }

export const cases: ReadonlyMap<string, Case> = new Map<string, Case>([
  ['p2p-q0', pairs(50, 100)],
  ['p2p-q1', pairs(50, 20, { qos: 1 })],
  ['p2p-q2', pairs(50, 20, { qos: 2 })],
  ['p2p-q0-v5', pairs(50, 100, { version: 5 })],
  ['p2p-q1-v5', pairs(50, 20, { version: 5, qos: 1 })],
  ['p2p-w1', pairs(100, 1)],
  ['p2p-1k', pairs(50, 50, { payloadBytes: 1024 })],
  ['p2p-16k', pairs(20, 10, { payloadBytes: 16_384 })],
  ['p2p-rate', pairs(200, 100, { rate: 10_000 })],
  ['fanin', exchange({ shape: 'fan-in', publishers: 100, subscribers: 1, window: 20 })],
  ['fanin-q1', exchange({ shape: 'fan-in', publishers: 100, subscribers: 1, window: 5, qos: 1 })],
  ['shared', exchange({ shape: 'shared', publishers: 50, subscribers: 5, window: 10, version: 5, qos: 1 })],
  ['fanout', exchange({ shape: 'fan-out', publishers: 1, subscribers: 1000, window: 5 })],
  ['fanout-q1', exchange({ shape: 'fan-out', publishers: 1, subscribers: 1000, window: 2, qos: 1 })],
  ['wild', exchange(filters)],
  ['wild-hot', exchange({ ...filters, topics: 1000 })],
  ['conn', { load: connections }],
  ['retained', { load: retained }],
  ['offline', { load: offline }],
  ['tls-q0', pairs(50, 100, { transport: 'tls' })],
  ['ws-q0', pairs(50, 100, { transport: 'ws' })],
  ['durable-q1', { ...pairs(50, 20, { qos: 1, persistent: true }), durable: true }],
])
