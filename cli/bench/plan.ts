import type { SecureOptions, Transport } from './load/link.ts'
import type { QoS } from './load/packets.ts'

/** conn: connections; pub: publishers alone; sub: subscribers of what others publish; pair: each publisher has a subscriber. */
export const benchKinds = ['conn', 'pub', 'sub', 'pair', 'fan-out'] as const
export type BenchKind = (typeof benchKinds)[number]

/** Nothing that is asked for may be more. */
export const benchLimits = {
  clients: 100_000,
  seconds: 3_600,
  payloadBytes: 65_536,
  window: 10_000,
  rate: 10_000_000,
  concurrency: 10_000,
} as const

export interface BenchTarget {
  readonly host: string
  readonly port: number
  readonly transport: Transport
  readonly tls: SecureOptions | undefined
  readonly user: string | undefined
  readonly password: string | undefined
}

export interface BenchPlan {
  readonly kind: BenchKind
  readonly target: BenchTarget
  readonly version: 4 | 5
  readonly qos: QoS
  /** Connections, publishers, subscribers, or pairs. */
  readonly clients: number
  readonly payloadBytes: number
  /** Messages of one publisher under way at most. */
  readonly window: number
  /** Messages a second of all publishers together; undefined: flat out. */
  readonly rate: number | undefined
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Connects under way at a time. */
  readonly concurrency: number
  /** Of `sub`. */
  readonly topic: string
}

/** What came out; times in ms: to the arrival, of `pub` to the last acknowledgement (PUBACK, PUBCOMP). */
export interface BenchFigures {
  /** Connections, or messages: delivered where somebody receives, else published. */
  readonly perSecond: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly p999Ms: number | null
  readonly maxMs: number | null
  readonly sent: number
  readonly received: number
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
  /** Refusals, and payloads that are none of ours. */
  readonly errors: number
  /** Connections that ended meanwhile, or never came about. */
  readonly closed: number
  readonly seconds: number
  /** How busy this tool was; near 100 it may have been the limit. */
  readonly toolCpuPercent: number
}

/** Told again and again: how far it is, from 0 to 1, and what is seen so far. */
export type Progress = (share: number, text: string) => void
