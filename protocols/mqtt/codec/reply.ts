import type { Output } from '../../../kernel/plugin.ts'
import type { Properties } from './properties.ts'
import { propertiesSize, writeProperties } from './property-writer.ts'
import { variableSize, writeVariable } from './writer.ts'

/** What a client of 5.0 asked for in CONNECT. */
export interface Limits {
  /** Bytes. Default: no limit. */
  readonly maximumPacketSize?: number | undefined
  /** False: no reason strings and user properties but in CONNACK, PUBLISH and DISCONNECT. Default: true. */
  readonly problemInformation?: boolean | undefined
}

export const noLimits: Limits = {}

/** A packet of 5.0 that the server sends, in the one shape that all but PUBLISH have. */
export interface Reply {
  readonly header: number
  /** Bytes before the reason code. */
  readonly head: readonly number[]
  /** Undefined: the packet has none in this place. */
  readonly reasonCode?: number
  readonly properties: Properties | undefined
  /** Bytes after the properties. */
  readonly tail?: readonly number[]
  /** True: the packet has no form without a length of properties, or without a reason code. */
  readonly whole?: boolean
  /** True: problem information is sent even to clients that did not ask for it. */
  readonly outspoken?: boolean
}

/**
 * Writes the reply in its shortest form. The reason string is left out first, then the user properties, if the packet
 * would be too large for the client; false and nothing written if it still is.
 */
export function writeReply(output: Output, reply: Reply, limits: Limits): boolean {
  const maximum = limits.maximumPacketSize ?? Number.POSITIVE_INFINITY
  let properties = reply.properties ?? {}
  if (limits.problemInformation === false && reply.outspoken !== true) {
    properties = { ...properties, reasonString: undefined, userProperties: undefined }
  }
  let sizes = measure(reply, properties)
  if (sizes.size > maximum && properties.reasonString !== undefined) {
    properties = { ...properties, reasonString: undefined }
    sizes = measure(reply, properties)
  }
  if (sizes.size > maximum && properties.userProperties !== undefined) {
    properties = { ...properties, userProperties: undefined }
    sizes = measure(reply, properties)
  }
  if (sizes.size > maximum) return false

  let position = output.reserve(sizes.size)
  const { buffer } = output
  buffer[position++] = reply.header
  position = writeVariable(buffer, position, sizes.remaining)
  for (const byte of reply.head) buffer[position++] = byte
  if (sizes.hasReason && reply.reasonCode !== undefined) buffer[position++] = reply.reasonCode
  if (sizes.hasSection) position = writeProperties(buffer, position, properties, sizes.propertyBytes)
  for (const byte of reply.tail ?? []) buffer[position++] = byte
  return true
}

function measure(reply: Reply, properties: Properties) {
  const propertyBytes = propertiesSize(properties)
  const hasSection = reply.whole === true || propertyBytes > 0
  const hasReason = reply.reasonCode !== undefined && (hasSection || reply.reasonCode !== 0)
  const remaining =
    reply.head.length +
    (hasReason ? 1 : 0) +
    (hasSection ? variableSize(propertyBytes) + propertyBytes : 0) +
    (reply.tail?.length ?? 0)
  return { propertyBytes, hasSection, hasReason, remaining, size: 1 + variableSize(remaining) + remaining }
}
