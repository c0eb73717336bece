import { packetType } from './packet-type.ts'
import type { Properties } from './properties.ts'

export type PropertyForm = 'bit' | 'flag' | 'uint16' | 'uint32' | 'variable' | 'text' | 'binary' | 'pair'

export interface PropertySpec {
  readonly id: number
  readonly name: keyof Properties
  readonly form: PropertyForm
  /** Bit n is set if a client may send it in packets of type n; bit 0 stands for the will. */
  readonly carriers: number
}

/** What `carriers` calls the will's own section of properties. */
export const willCarrier = 0

const will = 1 << willCarrier
const connect = 1 << packetType.connect
const publish = 1 << packetType.publish
const subscribe = 1 << packetType.subscribe
const disconnect = 1 << packetType.disconnect
const auth = 1 << packetType.auth
const acknowledgements =
  (1 << packetType.puback) | (1 << packetType.pubrec) | (1 << packetType.pubrel) | (1 << packetType.pubcomp)
const every =
  will | connect | publish | subscribe | disconnect | auth | acknowledgements | (1 << packetType.unsubscribe)
const serverOnly = 0

function property(id: number, name: keyof Properties, form: PropertyForm, carriers: number): PropertySpec {
  return { id, name, form, carriers }
}

/** Table 2-4 of MQTT 5.0, as far as a server receives it. */
export const propertyTable: readonly PropertySpec[] = [
  property(0x01, 'payloadFormatIndicator', 'bit', publish | will),
  property(0x02, 'messageExpiryInterval', 'uint32', publish | will),
  property(0x03, 'contentType', 'text', publish | will),
  property(0x08, 'responseTopic', 'text', publish | will),
  property(0x09, 'correlationData', 'binary', publish | will),
  property(0x0b, 'subscriptionIdentifiers', 'variable', subscribe),
  property(0x11, 'sessionExpiryInterval', 'uint32', connect | disconnect),
  property(0x12, 'assignedClientIdentifier', 'text', serverOnly),
  property(0x13, 'serverKeepAlive', 'uint16', serverOnly),
  property(0x15, 'authenticationMethod', 'text', connect | auth),
  property(0x16, 'authenticationData', 'binary', connect | auth),
  property(0x17, 'requestProblemInformation', 'flag', connect),
  property(0x18, 'willDelayInterval', 'uint32', will),
  property(0x19, 'requestResponseInformation', 'flag', connect),
  property(0x1a, 'responseInformation', 'text', serverOnly),
  property(0x1c, 'serverReference', 'text', disconnect),
  property(0x1f, 'reasonString', 'text', acknowledgements | disconnect | auth),
  property(0x21, 'receiveMaximum', 'uint16', connect),
  property(0x22, 'topicAliasMaximum', 'uint16', connect),
  property(0x23, 'topicAlias', 'uint16', publish),
  property(0x24, 'maximumQos', 'bit', serverOnly),
  property(0x25, 'retainAvailable', 'flag', serverOnly),
  property(0x26, 'userProperties', 'pair', every),
  property(0x27, 'maximumPacketSize', 'uint32', connect),
  property(0x28, 'wildcardSubscriptionAvailable', 'flag', serverOnly),
  property(0x29, 'subscriptionIdentifiersAvailable', 'flag', serverOnly),
  property(0x2a, 'sharedSubscriptionAvailable', 'flag', serverOnly),
]
