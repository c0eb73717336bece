import type { Connection, ProtocolHost, Session, Space } from '../../../kernel/plugin.ts'
import type { Connect, Limits, ProtocolLevel } from '../codec/index.ts'
import type { MqttOptions } from '../options.ts'
import type { BirthCertificates } from '../sparkplug/birth-certificates.ts'
import type { Rewriter } from '../topics/rewriter.ts'

/** What all connections share. */
export interface MqttHost {
  readonly host: ProtocolHost
  readonly options: MqttOptions
  readonly rewriter: Rewriter
  /** Of a Sparkplug Aware server. */
  readonly births: BirthCertificates | undefined
  readonly counters: MqttCounters
  /** Every open connection. */
  readonly connections: Set<{ shutdown(): void }>
}

/** Counters of the protocol, held so that counting costs an addition. */
export interface MqttCounters {
  readonly connectsReceived: { value: number }
  readonly packetsReceived: { value: number }
  readonly packetsSent: { value: number }
  readonly publishesReceived: { value: number }
  readonly publishesSent: { value: number }
  readonly publishesDropped: { value: number }
  readonly malformed: { value: number }
  readonly payloadReceived: { value: number }
  readonly payloadSent: { value: number }
}

/** What a client's parts may do to its connection. */
export interface ConnectionControl {
  /** The client's mistake: told with this reason code where the protocol has one, logged, and the connection closed. */
  fail(reasonCode: number, why: string): void
  /** Stops reading until `resume`; nested calls count. */
  pause(): void
  resume(): void
}

/** A client that was let in: what its CONNECT agreed on, and where it stands. */
export class Client {
  readonly mqtt: MqttHost
  readonly connection: Connection
  readonly control: ConnectionControl
  readonly space: Space
  readonly session: Session
  readonly level: ProtocolLevel
  readonly clientId: string
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
  /** Seconds; 0: none. */
  readonly keepAlive: number
  readonly cleanStart: boolean
  /** ms since the epoch. */
  readonly connectedAt: number

  constructor(
    shared: { mqtt: MqttHost; connection: Connection; control: ConnectionControl; limits: Limits },
    { protocolLevel, bridge, cleanStart, properties }: Connect,
    { space, session, clientId, keepAlive }: { space: Space; session: Session; clientId: string; keepAlive: number },
  ) {
    this.mqtt = shared.mqtt
    this.connection = shared.connection
    this.control = shared.control
    this.limits = shared.limits
    this.space = space
    this.session = session
    this.clientId = clientId
    this.level = protocolLevel
    this.receiveMaximum = properties.receiveMaximum ?? 65_535
    this.topicAliasMaximum = properties.topicAliasMaximum ?? 0
    this.bridge = bridge
    this.sessionExpiryInterval = properties.sessionExpiryInterval ?? 0
    this.authenticationMethod = properties.authenticationMethod
    this.keepAlive = keepAlive
    this.cleanStart = cleanStart
    this.connectedAt = shared.mqtt.host.clock.now()
  }

  get user(): string | undefined {
    return this.space.principal.user
  }
}
