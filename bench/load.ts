import type { Transport } from '../cli/bench/load/link.ts'
import type { QoS } from '../cli/bench/load/packets.ts'

/** What the generator does. Publishers are closed loops unless `rate` is given: each has at most `window` messages under way. */
export type Load = ExchangeLoad | ConnectionLoad | SubscriptionLoad | RetainedLoad | OfflineLoad

export type { QoS, Transport }

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
  /** MQTT 5.0: a topic is named once, then by its alias; and subscribers take aliases too. */
  readonly aliases?: boolean
  /** MQTT 5.0: content type, response topic, correlation data and two user properties in each message. */
  readonly properties?: boolean
  /** Further connections with one subscription each, which do nothing. */
  readonly idle?: number
  /**
   * Beside what is measured, one publisher floods one topic, QoS 0, as fast as its socket takes it, for one subscriber
   * that reads; `frozen`: and for one that does not.
   */
  readonly flood?: 'read' | 'frozen'
}

/** Connections with one subscription each, which then only ping. */
export interface ConnectionLoad {
  readonly kind: 'connections'
  readonly connections: number
  /** Connects under way at a time. */
  readonly concurrency: number
  readonly keepAliveS: number
  readonly holdMs: number
  /** Opened and closed before, no more than `connections` at a time. */
  readonly warmUpConnections?: number
}

/** Distinct filters; then, with all others in place, `renewed` of them are taken away and given back. */
export interface SubscriptionLoad {
  readonly kind: 'subscriptions'
  readonly subscribers: number
  readonly filters: number
  readonly renewed: number
  readonly filtersPerPacket: number
  /** Packets of one client without their answer. */
  readonly window: number
}

/** Retained messages on as many topics, then one subscriber to all of them. */
export interface RetainedLoad extends Wire {
  readonly kind: 'retained'
  readonly publishers: number
  readonly messages: number
  /** Stored, on other topics, and delivered before, no more than `messages` at a time. */
  readonly warmUpMessages?: number
}

/** Messages for persistent sessions that are away, the same number for each; then they return. */
export interface OfflineLoad extends Wire {
  readonly kind: 'offline'
  readonly messages: number
  readonly sessions: number
  /** Stored and delivered before, no more than `messages` at a time: what the broker does for its first messages is none of their cost. */
  readonly warmUpMessages?: number
}

/** One run of the generator, as given to it on its command line. */
export interface Assignment {
  readonly load: Load
  readonly port: number
  /** The broker's process; its CPU time and memory, and those of all its descendants, are what is measured. */
  readonly pid: number
  readonly warmUpMs: number
  readonly timeMs: number
}

/** Figures by name, microseconds and bytes spelled out in the names. */
export type Figures = Readonly<Record<string, number>>

/** How many connections the generator has open at once. */
export function connectionsOf(load: Load): number {
  switch (load.kind) {
    case 'exchange':
      return load.publishers + load.subscribers + (load.idle ?? 0) + (load.flood === undefined ? 0 : 3)
    case 'connections':
      return load.connections
    case 'subscriptions':
      return load.subscribers
    case 'retained':
      return load.publishers + 1
    case 'offline':
      return load.sessions + 1
  }
}
