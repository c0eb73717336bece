import { isBrokerError } from '../../kernel/plugin.ts'

/** Reason codes of MQTT 5.0 by the standard's names; those a codec finds by itself are its own. */
export const reason = {
  success: 0x00,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  connectionRateExceeded: 0x9f,
} as const

/** What a kernel's refusal is called on the wire, outside CONNACK. */
export function reasonOf(error: unknown): number {
  if (!isBrokerError(error)) return reason.unspecifiedError
  switch (error.code) {
    case 'TOPIC_INVALID':
      return reason.topicNameInvalid
    case 'FILTER_INVALID':
      return reason.topicFilterInvalid
    case 'NOT_AUTHORIZED':
      return reason.notAuthorized
    case 'BANNED':
      return reason.banned
    case 'BINDING_TAKEN':
    case 'LIMIT_REACHED':
    case 'STORAGE_FULL':
      return reason.quotaExceeded
    case 'RATE_EXCEEDED':
      return reason.connectionRateExceeded
    default:
      return reason.implementationSpecificError
  }
}

/** The return code of a 3.x CONNACK that says most nearly the same. */
export function returnCodeOf(reasonCode: number): number {
  switch (reasonCode) {
    case reason.success:
      return 0
    case reason.unsupportedProtocolVersion:
      return 1
    case reason.clientIdentifierNotValid:
      return 2
    case reason.badUserNameOrPassword:
      return 4
    case reason.notAuthorized:
    case reason.banned:
    case reason.badAuthenticationMethod:
      return 5
    default:
      return 3
  }
}
