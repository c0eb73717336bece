import fc from 'fast-check'
import type { ProtocolLevel, Qos } from '../../../../protocols/mqtt/codec/packets.ts'
import type { Properties, UserProperty } from '../../../../protocols/mqtt/codec/properties.ts'

export const level = fc.constantFrom<ProtocolLevel[]>(3, 4, 5)
export const qos = fc.constantFrom<Qos[]>(0, 1, 2)
export const packetId = fc.integer({ min: 1, max: 0xffff })
export const uint16 = fc.integer({ min: 0, max: 0xffff })
export const uint32 = fc.integer({ min: 0, max: 0xffffffff })

/** Every character that a string of MQTT may hold, U+FEFF among them. */
export const text = fc.oneof(
  fc.constantFrom('', '\ufeffmark', '__proto__', 'constructor', 'a/b', '𪛔', 'z'.repeat(200)),
  fc.string({ unit: 'binary', maxLength: 20 }).map(raw => raw.replace(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, '')),
)
export const topicName = text.map(raw => raw.replace(/[+#]/g, '')).map(raw => (raw === '' ? 't' : raw))
export const filter = fc.oneof(topicName, fc.constantFrom('#', 'a/+/b', '$share/g/a/#', '$SYS/#'))
export const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
export const binary = fc.uint8Array({ maxLength: 30 }).map(array => Buffer.from(array))

/** In any order and with repeated names. */
export const userProperties: fc.Arbitrary<UserProperty[]> = fc.array(fc.tuple(text, text), {
  minLength: 1,
  maxLength: 5,
})

/** Each name once, and none that an object would list out of order: all that mqtt-packet can tell apart. */
export const plainUserProperties: fc.Arbitrary<UserProperty[]> = fc.uniqueArray(
  fc.tuple(
    text.map(raw => `n${raw}`),
    text.map(raw => `v${raw}`),
  ),
  { minLength: 1, maxLength: 5, selector: pair => pair[0] },
)

const flag = fc.boolean()

function some(model: { [name in keyof Properties]?: fc.Arbitrary<Properties[name]> }): fc.Arbitrary<Properties> {
  return fc.record(model as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] }) as fc.Arbitrary<Properties>
}

type Pairs = fc.Arbitrary<UserProperty[]>
const messageModel = (pairs: Pairs) => ({
  payloadFormatIndicator: fc.constantFrom<(0 | 1)[]>(0, 1),
  messageExpiryInterval: uint32,
  contentType: text,
  responseTopic: topicName,
  correlationData: binary,
  userProperties: pairs,
})

/** Of PUBLISH; a client's has no subscription identifiers. */
export const publishProperties = (pairs: Pairs) => some({ ...messageModel(pairs), topicAlias: packetId })
export const deliveryProperties = (pairs: Pairs) =>
  some({
    ...messageModel(pairs),
    topicAlias: packetId,
    subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 3 }),
  })
export const willProperties = (pairs: Pairs) => some({ ...messageModel(pairs), willDelayInterval: uint32 })
export const acknowledgementProperties = (pairs: Pairs) => some({ reasonString: text, userProperties: pairs })
export const subscribeProperties = (pairs: Pairs) =>
  some({
    subscriptionIdentifiers: fc.integer({ min: 1, max: 268_435_455 }).map(id => [id]),
    userProperties: pairs,
  })
export const connectProperties = (pairs: Pairs) =>
  some({
    sessionExpiryInterval: uint32,
    receiveMaximum: packetId,
    maximumPacketSize: fc.integer({ min: 1, max: 0xffffffff }),
    topicAliasMaximum: uint16,
    requestResponseInformation: flag,
    requestProblemInformation: flag,
    userProperties: pairs,
    authenticationMethod: text,
  })
export const connackProperties = (pairs: Pairs) =>
  some({
    sessionExpiryInterval: uint32,
    receiveMaximum: packetId,
    maximumQos: fc.constantFrom<(0 | 1)[]>(0, 1),
    retainAvailable: flag,
    maximumPacketSize: uint32,
    assignedClientIdentifier: text,
    topicAliasMaximum: uint16,
    reasonString: text,
    userProperties: pairs,
    wildcardSubscriptionAvailable: flag,
    subscriptionIdentifiersAvailable: flag,
    sharedSubscriptionAvailable: flag,
    serverKeepAlive: uint16,
    responseInformation: text,
    serverReference: text,
    authenticationMethod: text,
    authenticationData: binary,
  })
export const disconnectProperties = (pairs: Pairs) =>
  some({ sessionExpiryInterval: uint32, reasonString: text, userProperties: pairs, serverReference: text })
export const authProperties = (pairs: Pairs) =>
  fc
    .tuple(text, some({ authenticationData: binary, reasonString: text, userProperties: pairs }))
    .map(([authenticationMethod, rest]): Properties => ({ authenticationMethod, ...rest }))
