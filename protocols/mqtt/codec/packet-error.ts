/** The reason codes of MQTT 5.0 that a codec can find; a server of 3.x just closes the connection. */
export const malformedPacket = 0x81
export const protocolError = 0x82
export const unsupportedProtocolVersion = 0x84
export const clientIdentifierNotValid = 0x85
export const topicAliasInvalid = 0x94
export const packetTooLarge = 0x95
export const quotaExceeded = 0x97
export const payloadFormatInvalid = 0x99

/**
 * Instead of a reason code: the connection closes without a word. Where the standard leaves an answer open, other servers
 * give none, and clients and test suites take bytes before the end for a packet that was accepted.
 */
export const closeOnly = 0

/** Bytes that are no valid packet: all that a parser ever throws. The message is for the log, never for the client. */
export class PacketError extends Error {
  /** Reason code of MQTT 5.0, fit for DISCONNECT or, while connecting, for CONNACK; or `closeOnly`. */
  readonly reasonCode: number

  constructor(reasonCode: number, message: string) {
    super(message)
    this.name = 'PacketError'
    this.reasonCode = reasonCode
  }
}

export function malformed(message: string): PacketError {
  return new PacketError(malformedPacket, message)
}

/** Malformed, and not worth a word. */
export function unspoken(message: string): PacketError {
  return new PacketError(closeOnly, message)
}

export function violation(message: string): PacketError {
  return new PacketError(protocolError, message)
}
