import type { Clock, Message } from '../../../kernel/plugin.ts'
import { type ProtocolLevel, PublishFrame, type Qos } from '../codec/index.ts'
import { publishProperties } from '../message-mapping.ts'

/** A message that was encoded for one receiver; a second one makes it worth sharing. */
const sentOnce = Symbol('sent once')

class Frames {
  /** By protocol (5.0 or before), QoS and retain: a fan-out needs few of them. */
  readonly frames: (PublishFrame | undefined)[] = []
}

/**
 * The message's packet for a receiver with nothing of its own in it, encoded once for all of them; undefined for the
 * first receiver, whose packet is written straight into its output. Not for messages that expire: their packets change.
 */
export function sharedFrame(
  message: Message,
  level: ProtocolLevel,
  qos: Qos,
  retain: boolean,
  clock: Clock,
): PublishFrame | undefined {
  if (message.expiresAt !== undefined) return undefined
  if (message.frame === undefined) {
    message.frame = sentOnce
    return undefined
  }
  if (message.frame === sentOnce) message.frame = new Frames()
  // Another protocol's, where two of them send the same message.
  if (!(message.frame instanceof Frames)) return undefined
  const { frames } = message.frame
  const key = (level === 5 ? 6 : 0) + qos * 2 + (retain ? 1 : 0)
  return (frames[key] ??= encode(message, level, qos, retain, clock))
}

function encode(message: Message, level: ProtocolLevel, qos: Qos, retain: boolean, clock: Clock): PublishFrame {
  const { topic, packedPayload: payload } = message
  const packet = { qos, retain, topic, payload }
  return new PublishFrame(
    level === 5 ? { ...packet, properties: publishProperties(message, undefined, clock) } : packet,
    level,
  )
}
