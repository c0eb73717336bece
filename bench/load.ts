/** What the generator does. Publishers are closed loops unless `rate` is given: each has at most `window` messages under way. */
export type Load = ExchangeLoad | ConnectionLoad | RetainedLoad | OfflineLoad

export type QoS = 0 | 1 | 2
export type Transport = 'tcp' | 'tls' | 'ws'

interface Wire {
  readonly transport: Transport
  readonly version: 4 | 5
  readonly qos: QoS
  readonly payloadBytes: number
  readonly window: number
}

/** Publishers and subscribers, all at once. */
export interface ExchangeLoad extends Wire {
  readonly kind: 'exchange'
  /**
   * pairs: each publisher has one subscriber of its own; fan-in: every publisher to every subscriber by `+`, or through one
   * shared subscription; fan-out: one publisher, one topic; filters: `filters` distinct filters with wildcards, a message
   * matches one.
   */
  readonly shape: 'pairs' | 'fan-in' | 'shared' | 'fan-out' | 'filters'
  readonly publishers: number
  readonly subscribers: number
  /** Messages a second of all publishers together, sent on schedule; latency counts from the scheduled moment. */
  readonly rate?: number
  readonly filters?: number
  /** Distinct topics published with `filters`; without it any that a filter matches. */
  readonly topics?: number
  /** Sessions outlive their connections. */
  readonly persistent?: boolean
}

/** Connections with one subscription each, which then only ping. */
export interface ConnectionLoad {
  readonly kind: 'connections'
  readonly connections: number
  /** Connects under way at a time. */
  readonly concurrency: number
  readonly keepAliveS: number
  readonly holdMs: number
}

/** Retained messages on as many topics, then one subscriber to all of them. */
export interface RetainedLoad extends Wire {
  readonly kind: 'retained'
  readonly publishers: number
  readonly messages: number
}

/** Messages for a persistent session that is away, then it returns. */
export interface OfflineLoad extends Wire {
  readonly kind: 'offline'
  readonly messages: number
}

/** One run of the generator, as given to it on its command line. */
export interface Assignment {
  readonly load: Load
  readonly port: number
  /** The broker's processes: their CPU time and memory are what is measured. */
  readonly pids: readonly number[]
  readonly warmUpMs: number
  readonly timeMs: number
}

/** Figures by name, microseconds and bytes spelled out in the names. */
export type Figures = Readonly<Record<string, number>>
