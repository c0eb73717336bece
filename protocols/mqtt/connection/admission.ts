import { isBrokerError, type Session, type SessionOptions, type Space, type Will } from '../../../kernel/plugin.ts'
import { type ConnackProperties, type Connect, checkPayloadFormat } from '../codec/index.ts'
import { willFields } from '../message-mapping.ts'
import { reason } from '../reason-codes.ts'
import { isReserved } from '../topics/delayed-topic.ts'
import type { MqttHost } from './client.ts'
import { Refusal } from './refusal.ts'

const neverExpires = 0xffff_ffff
const noReceiveMaximum = 0xffff

/** A session that was opened for a CONNECT. */
export interface Opened {
  readonly space: Space
  readonly session: Session
  readonly clientId: string
  /** Seconds; 0: none. */
  readonly keepAlive: number
  /** Seconds; undefined: as the client asked. */
  readonly sessionExpiryInterval: number | undefined
}

/** What can be said of a CONNECT without asking anybody: its client id, or why it is refused. @throws Refusal */
export function identify(connect: Connect, mqtt: MqttHost, newId: () => string): string {
  const { redirect } = mqtt.options
  if (redirect) {
    const code = redirect.permanent ? reason.serverMoved : reason.useAnotherServer
    throw new Refusal(code, `sent on to ${redirect.to}`, { serverReference: redirect.to })
  }
  const { will, clientId, protocolLevel, cleanStart } = connect
  if (will && (isReserved(will.topic) || will.topic.startsWith('$delayed/'))) {
    throw new Refusal(reason.topicNameInvalid, `the will's topic "${will.topic}" belongs to the server`)
  }
  if (will && mqtt.options.checkPayloadFormat) checkWill(will)
  // MQTT 3.1 knows 1 to 23 characters; longer ones are taken, as every server does.
  if (clientId !== '') return clientId
  if (protocolLevel === 3) throw new Refusal(reason.clientIdentifierNotValid, 'MQTT 3.1 requires a client identifier')
  if (protocolLevel === 4 && !cleanStart) {
    // [MQTT-3.1.3-8] of 3.1.1
    throw new Refusal(reason.clientIdentifierNotValid, 'an empty client identifier needs clean session')
  }
  return newId()
}

/** Opens the session of a client that proved who it is. @throws Refusal */
export async function openSession(
  mqtt: MqttHost,
  connect: Connect,
  clientId: string,
  space: Space,
  holder: Pick<SessionOptions, 'taken' | 'inspect'>,
): Promise<Opened> {
  const { will, properties, cleanStart } = connect
  const willTopic = will && mqtt.rewriter.publish(will.topic, clientId, connect.user)
  if (willTopic !== undefined && isReserved(willTopic)) {
    throw new Refusal(reason.notAuthorized, `may not publish its will to "${willTopic}"`)
  }
  const asked = expiryMs(connect, mqtt)
  const limit = mqtt.host.limits.sessionExpiryMs
  const expiresAfterMs = limit > 0 ? Math.min(asked, limit) : asked
  let session: Session
  try {
    session = await space.session(clientId, {
      clean: cleanStart,
      expiresAfterMs,
      taken: holder.taken,
      inspect: holder.inspect,
      will: will && sessionWill(will, willTopic ?? will.topic, clientId),
    })
  } catch (error) {
    // Not the login is refused, but the will.
    throw isBrokerError(error, 'NOT_AUTHORIZED') ? new Refusal(reason.notAuthorized, error.message) : error
  }
  const maxKeepAlive = Math.floor(mqtt.options.maxKeepAlive / 1_000)
  const tooLong = maxKeepAlive > 0 && (connect.keepAlive === 0 || connect.keepAlive > maxKeepAlive)
  return {
    space,
    session,
    clientId,
    keepAlive: tooLong ? maxKeepAlive : connect.keepAlive,
    sessionExpiryInterval:
      expiresAfterMs === asked || properties.sessionExpiryInterval === undefined ? undefined : expiresAfterMs / 1_000,
  }
}

function sessionWill(will: NonNullable<Connect['will']>, topic: string, clientId: string): Will {
  const { willDelayInterval = 0, messageExpiryInterval } = will.properties
  return {
    message: willFields(will, topic, clientId),
    delayMs: willDelayInterval * 1_000,
    expiresAfterMs: messageExpiryInterval === undefined ? undefined : messageExpiryInterval * 1_000,
  }
}

/** What CONNACK tells a 5.0 client of this server, in Mosquitto's order, and without what goes without saying. */
export function connackProperties(
  mqtt: MqttHost,
  connect: Connect,
  opened: Opened,
  authenticationData: Uint8Array | undefined,
): ConnackProperties {
  const { options } = mqtt
  const { properties } = connect
  return {
    ...(opened.sessionExpiryInterval !== undefined && { sessionExpiryInterval: opened.sessionExpiryInterval }),
    ...(options.topicAliasMaximum > 0 && { topicAliasMaximum: options.topicAliasMaximum }),
    ...(connect.clientId === '' && { assignedClientIdentifier: opened.clientId }),
    ...(opened.keepAlive !== connect.keepAlive && { serverKeepAlive: opened.keepAlive }),
    ...(properties.requestResponseInformation && {
      responseInformation: options.responseInformation.replaceAll('${clientid}', opened.clientId),
    }),
    ...(properties.authenticationMethod !== undefined && { authenticationMethod: properties.authenticationMethod }),
    ...(authenticationData !== undefined && { authenticationData }),
    maximumPacketSize: options.maxPacketBytes,
    ...(options.receiveMaximum < noReceiveMaximum && { receiveMaximum: options.receiveMaximum }),
  }
}

function expiryMs({ protocolLevel, cleanStart, properties }: Connect, mqtt: MqttHost): number {
  if (protocolLevel === 5) {
    const seconds = properties.sessionExpiryInterval ?? 0
    return seconds === neverExpires ? Number.POSITIVE_INFINITY : seconds * 1_000
  }
  return cleanStart ? 0 : mqtt.options.defaultSessionExpiry || Number.POSITIVE_INFINITY
}

function checkWill(will: NonNullable<Connect['will']>): void {
  checkPayloadFormat(will.payload, will.properties.payloadFormatIndicator)
}
