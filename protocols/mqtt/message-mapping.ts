import type { Clock, Message, MessageFields } from '../../kernel/plugin.ts'
import type { Publish, PublishProperties, Will, WillProperties } from './codec/index.ts'
import { noProperties } from './codec/index.ts'

/**
 * A PUBLISH as the kernel's message. `topic` is the one its alias, rewrite and prefix led to. Every field is there, in the
 * order of `MessageFields`: what makes a message has then one shape to read.
 */
export function messageFields(
  packet: Publish,
  topic: string,
  from: string,
  nowMs: number,
  deliverAt: number | undefined,
): MessageFields {
  const { payload, qos, retain, properties } = packet
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperties } = properties
  const expiresAt =
    messageExpiryInterval === undefined ? undefined : (deliverAt ?? nowMs) + messageExpiryInterval * 1_000
  return {
    topic,
    payload,
    guarantee: qos,
    durability: undefined,
    retain,
    headers: userProperties,
    contentType,
    correlationId: correlationData,
    replyTo: responseTopic,
    format: formatOf(properties),
    deliverAt,
    expiresAt,
    from,
    publishedAt: nowMs,
  }
}

/** A will as the kernel publishes it when its time comes. */
export function willFields({ payload, properties, qos, retain }: Will, topic: string, from: string): MessageFields {
  const { contentType, responseTopic, correlationData, userProperties } = properties
  return {
    topic,
    payload,
    guarantee: qos,
    retain,
    from,
    headers: userProperties,
    contentType,
    replyTo: responseTopic,
    correlationId: correlationData,
    format: formatOf(properties),
  }
}

function formatOf({ payloadFormatIndicator }: PublishProperties | WillProperties): MessageFields['format'] {
  if (payloadFormatIndicator === undefined) return undefined
  return payloadFormatIndicator === 1 ? 'text' : 'bytes'
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
    payloadFormatIndicator: format === undefined ? undefined : format === 'text' ? 1 : 0,
    messageExpiryInterval: expiresAt === undefined ? undefined : secondsLeft(expiresAt, clock.now()),
    contentType,
    responseTopic: replyTo,
    correlationData: correlationId,
    userProperties: headers.length === 0 ? undefined : headers,
    subscriptionIdentifiers,
  }
}

/** Waiting counts in whole seconds that have passed. */
function secondsLeft(expiresAt: number, nowMs: number): number {
  return Math.max(0, Math.ceil((expiresAt - nowMs) / 1_000))
}
