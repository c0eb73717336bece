import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../../../kernel/plugin.ts'
import type { Login } from './sasl.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface LinkOptions {
  readonly clock: Clock
  readonly clientId: string
  /** Read anew for each connection, so that a renewed certificate is used. */
  readonly tls: ((host: string) => ConnectionOptions) | undefined
  readonly login: Login | undefined
  /** For TCP, TLS and login together. */
  readonly connectWithinMs: number
}

export interface PartitionState {
  readonly errorCode: number
  readonly partitionIndex: number
  /** -1: nobody leads it. */
  readonly leaderId: number
}

export interface TopicState {
  readonly errorCode: number
  readonly name: string
  readonly partitions: readonly PartitionState[]
}

export interface ClusterState {
  readonly brokers: readonly (Address & { readonly nodeId: number })[]
  readonly topics: readonly TopicState[]
}

/** A member of a group, as the broker knows it. */
export interface Membership {
  readonly group: string
  readonly memberId: string
  readonly generation: number
}

export interface JoinedGroup {
  readonly memberId: string
  readonly generationId: number
  readonly protocolName: string | null
  /** The member that divides the partitions. */
  readonly leader: string
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer | null }[]
}

/** An offset of each partition, of one topic. */
export type Offsets = ReadonlyMap<number, bigint>

/**
 * The driver, as a bridge sees it: one connection to one broker. Every call ends within its time: a broker that is
 * silent for longer loses the connection, so that no late answer can harm what follows.
 * All throw KafkaError or LinkError.
 */
export interface Link {
  readonly address: Address
  /** False once it is lost, or its login is about to expire. */
  readonly usable: boolean
  metadata(topics: readonly string[], create: boolean): Promise<ClusterState>
  /** A request whose body we write ourselves, and the body of its answer. */
  exchange(api: number, version: number, body: readonly Buffer[], withinMs: number): Promise<Buffer>
  producerId(): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }>
  /** The node that coordinates a group. */
  coordinator(group: string): Promise<number>
  join(member: Membership, sessionMs: number, rebalanceMs: number, subscription: Buffer): Promise<JoinedGroup>
  sync(member: Membership, protocol: string, shares: ReadonlyMap<string, Buffer>, withinMs: number): Promise<Buffer>
  heartbeat(member: Membership): Promise<void>
  leave(member: Membership): Promise<void>
  commit(member: Membership, topic: string, offsets: Offsets): Promise<void>
  /** What was committed; a partition without has none. */
  committed(group: string, topic: string, partitions: readonly number[]): Promise<Offsets>
  /** The first offset of partitions that this broker leads, or the one after their last. */
  bounds(topic: string, partitions: readonly number[], which: 'earliest' | 'latest'): Promise<Offsets>
  close(): void
}
