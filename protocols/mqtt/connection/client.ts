import type { Connection, ProtocolHost, Session, Space } from '../../../kernel/plugin.ts'
import type { Limits, ProtocolLevel } from '../codec/index.ts'
import type { MqttOptions } from '../options.ts'
import type { Rewriter } from '../topics/rewriter.ts'

/** What all connections share. */
export interface MqttHost {
  readonly host: ProtocolHost
  readonly options: MqttOptions
  readonly rewriter: Rewriter
  readonly counters: MqttCounters
}

/** Counters of the protocol, held so that counting costs an addition. */
export interface MqttCounters {
  readonly packetsReceived: { value: number }
  readonly packetsSent: { value: number }
  readonly publishesReceived: { value: number }
  readonly publishesSent: { value: number }
  readonly publishesDropped: { value: number }
  readonly malformed: { value: number }
  readonly payloadReceived: { value: number }
  readonly payloadSent: { value: number }
}

/** A client that was let in: what its CONNECT agreed on, and where it stands. */
export interface Client {
  readonly mqtt: MqttHost
  readonly connection: Connection
  readonly space: Space
  readonly session: Session
  readonly level: ProtocolLevel
  readonly clientId: string
  readonly user: string | undefined
  /** What its CONNECT asked of packets towards it. */
  readonly limits: Limits
  /** Deliveries above QoS 0 it takes at once. */
  readonly receiveMaximum: number
  /** Topic aliases it takes. */
  readonly topicAliasMaximum: number
  /** A bridge of Mosquitto's: gets retain as published although it speaks 3.x. */
  readonly bridge: boolean
  /** Seconds; what it asked for in CONNECT, to be held against DISCONNECT. */
  readonly sessionExpiryInterval: number
  readonly authenticationMethod: string | undefined
  /** Its mistake: told with this reason code where the protocol has one, logged, and the connection closed. */
  fail(reasonCode: number, why: string): void
  /** Stops reading until `resume`; nested calls count. */
  pause(): void
  resume(): void
}
