import type {
  AcknowledgementProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from './properties.ts'

/** 3: MQTT 3.1, 4: MQTT 3.1.1, 5: MQTT 5.0. */
export type ProtocolLevel = 3 | 4 | 5
export type Qos = 0 | 1 | 2

export interface Will {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: Qos
  readonly retain: boolean
  readonly properties: WillProperties
}

export interface Connect {
  readonly type: 'connect'
  readonly protocolName: 'MQTT' | 'MQIsdp'
  readonly protocolLevel: ProtocolLevel
  /** True when the level came with its top bit set: Mosquitto's mark of a bridge, which wants retain as published. */
  readonly bridge: boolean
  /** Clean Session before 5.0. */
  readonly cleanStart: boolean
  /** Seconds; 0: never. */
  readonly keepAlive: number
  readonly clientId: string
  readonly will: Will | undefined
  readonly user: string | undefined
  readonly password: Buffer | undefined
  readonly properties: ConnectProperties
}

export interface Connack {
  readonly type: 'connack'
  readonly sessionPresent: boolean
  /** A reason code of 5.0, or a return code (0 to 5) before. */
  readonly reasonCode: number
  readonly properties?: ConnackProperties
}

export interface Publish {
  readonly type: 'publish'
  readonly dup: boolean
  readonly qos: Qos
  readonly retain: boolean
  /** Empty when a topic alias stands for it. */
  readonly topic: string
  /** 0 at QoS 0, never otherwise. */
  readonly packetId: number
  /** A view into the read buffer: valid during the call that delivered the packet. */
  readonly payload: Uint8Array
  readonly properties: PublishProperties
}

export type AcknowledgementType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

export interface Acknowledgement {
  readonly type: AcknowledgementType
  readonly packetId: number
  /** 0 before 5.0. */
  readonly reasonCode: number
  readonly properties: AcknowledgementProperties
}

export interface Subscription {
  readonly filter: string
  readonly qos: Qos
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** 0: send retained messages; 1: only for a new subscription; 2: never. */
  readonly retainHandling: 0 | 1 | 2
}

export interface Subscribe {
  readonly type: 'subscribe'
  readonly packetId: number
  readonly subscriptions: readonly Subscription[]
  /** At most one subscription identifier. */
  readonly properties: SubscribeProperties
}

export interface Suback {
  readonly type: 'suback'
  readonly packetId: number
  readonly reasonCodes: readonly number[]
  readonly properties?: AcknowledgementProperties
}

export interface Unsubscribe {
  readonly type: 'unsubscribe'
  readonly packetId: number
  readonly filters: readonly string[]
  readonly properties: UnsubscribeProperties
}

export interface Unsuback {
  readonly type: 'unsuback'
  readonly packetId: number
  /** Not written before 5.0. */
  readonly reasonCodes: readonly number[]
  readonly properties?: AcknowledgementProperties
}

export interface Pingreq {
  readonly type: 'pingreq'
}

export interface Disconnect {
  readonly type: 'disconnect'
  readonly reasonCode: number
  readonly properties: DisconnectProperties
}

export interface Auth {
  readonly type: 'auth'
  readonly reasonCode: number
  readonly properties: AuthProperties
}

/** What a client may send. */
export type ClientPacket = Connect | Publish | Acknowledgement | Subscribe | Unsubscribe | Pingreq | Disconnect | Auth
