import type { ConnectionLoad, ExchangeLoad, Load, OfflineLoad, RetainedLoad, SubscriptionLoad } from './load.ts'

export interface Case {
  readonly load: Load
  /** Measured in turns with it: what `load` is compared with. */
  readonly base?: Load
  /** Kept on disk and synced before it is acknowledged, as far as the broker can. */
  readonly durable?: boolean
  /** Each fsync is held for so long, for a slower disk than the machine has. */
  readonly fsyncDelayMs?: number
  /** Lines of our configuration without which the case would run into a limit. */
  readonly settings?: readonly string[]
}

const wire = { transport: 'tcp', version: 4, qos: 0, payloadBytes: 64 } as const

function pairs(count: number, window: number, changes: Partial<ExchangeLoad> = {}): { readonly load: ExchangeLoad } {
  const shape = { kind: 'exchange', shape: 'pairs', publishers: count, subscribers: count } as const
  return { load: { ...wire, ...shape, window, ...changes } }
}

function exchange(load: Omit<ExchangeLoad, 'kind' | keyof typeof wire> & Partial<ExchangeLoad>): Case {
  return { load: { ...wire, kind: 'exchange', ...load } }
}

/** The same with few and with many idle connections. */
function flat({ load }: { readonly load: ExchangeLoad }): Case {
  return { load: { ...load, idle: 50_000 }, base: { ...load, idle: 100 } }
}

const filters = { shape: 'filters', filters: 100_000, publishers: 10, subscribers: 100, window: 50 } as const
const connections: ConnectionLoad = {
  kind: 'connections',
  connections: 10_000,
  concurrency: 64,
  keepAliveS: 10,
  holdMs: 5_000,
}
/** The same topics and receivers, however many other filters there are. */
const hot: ExchangeLoad = { ...wire, ...filters, kind: 'exchange', subscribers: 10, topics: 1000 }
/** A tenth of a million filters are more than a session has by default. */
const roomForFilters = ['limits: { sessionBindings: 100000 }']
const subscriptions: SubscriptionLoad = {
  kind: 'subscriptions',
  subscribers: 100,
  filters: 1_000_000,
  renewed: 200_000,
  filtersPerPacket: 100,
  window: 4,
}
const retained: RetainedLoad = { ...wire, kind: 'retained', qos: 1, publishers: 5, messages: 50_000, window: 20 }
const offline: OfflineLoad = { ...wire, kind: 'offline', qos: 1, messages: 20_000, sessions: 1, window: 100 }
/** What is measured, so many times before: a compiler that optimizes what is used much is done with it by then. */
const warmUpRounds = 5
const queued: OfflineLoad = { ...offline, messages: 1_000_000, payloadBytes: 200, window: 1000, warmUpMessages: 50_000 }
/** A million are more than a queue, and queues together, take by default; the cache of recent messages would hide the references. */
const roomForMillions = [
  'limits: { memory: 0, queueMessages: 1000000, queueBytes: 1GB, queuedBytes: 0, spoolCacheBytes: 1MB }',
]
const devices = pairs(1000, 100, { rate: 1000 })

export const cases: ReadonlyMap<string, Case> = new Map<string, Case>([
  ['p2p-q0', pairs(50, 100)],
  ['p2p-q1', pairs(50, 20, { qos: 1 })],
  ['p2p-q2', pairs(50, 20, { qos: 2 })],
  ['p2p-q0-v5', pairs(50, 100, { version: 5 })],
  ['p2p-q1-v5', pairs(50, 20, { version: 5, qos: 1 })],
  ['p2p-aliases', pairs(50, 100, { version: 5, aliases: true })],
  ['p2p-properties', pairs(50, 100, { version: 5, properties: true })],
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
  ['conn-warm', { load: { ...connections, warmUpConnections: warmUpRounds * connections.connections } }],
  ['retained', { load: retained }],
  ['retained-warm', { load: { ...retained, warmUpMessages: warmUpRounds * retained.messages } }],
  ['offline', { load: offline }],
  ['offline-warm', { load: { ...offline, warmUpMessages: warmUpRounds * offline.messages } }],
  ['tls-q0', pairs(50, 100, { transport: 'tls' })],
  ['tls-q1', pairs(50, 20, { transport: 'tls', qos: 1 })],
  ['ws-q0', pairs(50, 100, { transport: 'ws' })],
  ['ws-q1', pairs(50, 20, { transport: 'ws', qos: 1 })],
  ['durable-q1', { ...pairs(50, 20, { qos: 1, persistent: true }), durable: true }],
  ['durable-slow', { ...pairs(50, 20, { qos: 1, persistent: true }), durable: true, fsyncDelayMs: 1 }],
  ['durable-rate', { ...pairs(200, 100, { qos: 1, persistent: true, rate: 20_000 }), durable: true, fsyncDelayMs: 1 }],
  ['flat-connections-q0', flat(pairs(50, 100))],
  ['flat-connections-w1', flat(pairs(100, 1))],
  ['flat-filters', { load: { ...hot, filters: 1_000_000 }, base: { ...hot, filters: 10 }, settings: roomForFilters }],
  ['subscriptions', { load: subscriptions }],
  ['queued', { load: queued, settings: roomForMillions }],
  ['queued-1000', { load: { ...queued, sessions: 1000 }, settings: roomForMillions }],
  ['queued-durable', { load: queued, durable: true, settings: roomForMillions }],
  ['fairness', { load: { ...devices.load, flood: 'read' }, base: devices.load }],
  ['fairness-frozen', { load: { ...devices.load, flood: 'frozen' }, base: devices.load }],
])
