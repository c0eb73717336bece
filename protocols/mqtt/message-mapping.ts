import type { Clock, Header, Message, MessageFields } from '../../kernel/plugin.ts'
import type { Publish, PublishProperties, Will, WillProperties } from './codec/index.ts'
import { noProperties } from './codec/index.ts'

const noHeaders: readonly Header[] = []

/** A PUBLISH as the kernel's message. `topic` is the one its alias, rewrite and prefix led to. */
export function messageFields(
  packet: Publish,
  topic: string,
  from: string,
  nowMs: number,
  deliverAt: number | undefined,
): MessageFields {
  const { properties } = packet
  if (properties === noProperties && deliverAt === undefined) {
    return { topic, payload: packet.payload, guarantee: packet.qos, retain: packet.retain, from, publishedAt: nowMs }
  }
  const interval = properties.messageExpiryInterval
  return {
    ...describedBy(properties),
    topic,
    payload: packet.payload,
    guarantee: packet.qos,
    retain: packet.retain,
    from,
    publishedAt: nowMs,
    ...(interval !== undefined && { expiresAt: (deliverAt ?? nowMs) + interval * 1_000 }),
    ...(deliverAt !== undefined && { deliverAt }),
  }
}

/** A will as the kernel publishes it when its time comes. */
export function willFields(will: Will, topic: string, from: string): MessageFields {
  return {
    ...describedBy(will.properties),
    topic,
    payload: will.payload,
    guarantee: will.qos,
    retain: will.retain,
    from,
  }
}

function describedBy(properties: PublishProperties | WillProperties): Omit<MessageFields, 'topic' | 'payload'> {
  const { contentType, responseTopic, correlationData, payloadFormatIndicator, userProperties } = properties
  return {
    headers: userProperties ?? noHeaders,
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { replyTo: responseTopic }),
    ...(correlationData !== undefined && { correlationId: Buffer.from(correlationData) }),
    ...(payloadFormatIndicator !== undefined && {
      format: payloadFormatIndicator === 1 ? ('text' as const) : ('bytes' as const),
    }),
  }
}

/** The message's properties for a 5.0 client. [MQTT-3.3.2-4] [MQTT-3.3.2-6] [MQTT-3.3.2-15] [MQTT-3.3.2-17] */
export function publishProperties(
  message: Message,
  subscriptionIdentifiers: readonly number[] | undefined,
  clock: Clock,
): PublishProperties {
  const { format, expiresAt, contentType, replyTo, correlationId, headers } = message
  const plain =
    format === undefined &&
    expiresAt === undefined &&
    contentType === undefined &&
    replyTo === undefined &&
    correlationId === undefined &&
    headers.length === 0
  if (plain) return subscriptionIdentifiers ? { subscriptionIdentifiers } : noProperties
  return {
    ...(format !== undefined && { payloadFormatIndicator: format === 'text' ? 1 : 0 }),
    ...(expiresAt !== undefined && { messageExpiryInterval: secondsLeft(expiresAt, clock.now()) }),
    ...(contentType !== undefined && { contentType }),
    ...(replyTo !== undefined && { responseTopic: replyTo }),
    ...(correlationId !== undefined && { correlationData: correlationId }),
    ...(headers.length > 0 && { userProperties: headers }),
    ...(subscriptionIdentifiers && { subscriptionIdentifiers }),
  }
}

/** Waiting counts in whole seconds that have passed. */
function secondsLeft(expiresAt: number, nowMs: number): number {
  return Math.max(0, Math.ceil((expiresAt - nowMs) / 1_000))
}
