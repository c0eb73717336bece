import { randomUUID } from 'node:crypto'
import type { Connection, SessionOptions, Space } from '../../../kernel/plugin.ts'
import { type Auth, type Connect, type Limits, PacketError } from '../codec/index.ts'
import { reason } from '../reason-codes.ts'
import { identify, type Opened, openSession } from './admission.ts'
import { Authentication } from './authentication.ts'
import type { MqttHost } from './client.ts'
import { Refusal } from './refusal.ts'

/** A client let in, and the server's last word of its authentication. */
export interface Admitted {
  readonly opened: Opened
  readonly authenticationData: Uint8Array | undefined
}

/** From CONNECT to the session: who is it, may it, and what is kept of it. */
export class Handshake {
  readonly connect: Connect
  readonly limits: Limits
  readonly #mqtt: MqttHost
  readonly #connection: Connection
  readonly #holder: Pick<SessionOptions, 'taken' | 'inspect'>
  #clientId = ''
  #authentication: Authentication | undefined
  #abandoned = false

  constructor(
    mqtt: MqttHost,
    connection: Connection,
    connect: Connect,
    holder: Pick<SessionOptions, 'taken' | 'inspect'>,
  ) {
    this.#mqtt = mqtt
    this.#connection = connection
    this.connect = connect
    this.#holder = holder
    this.limits = limitsOf(connect)
  }

  /** The client is gone: nobody's session is touched any more. */
  abandon(): void {
    this.#abandoned = true
  }

  /** Undefined: a challenge was sent, and the client's AUTH is awaited. @throws Refusal, or what login throws */
  async begin(): Promise<Admitted | undefined> {
    const { user, password, properties } = this.connect
    this.#clientId = identify(this.connect, this.#mqtt, () => `auto-${randomUUID()}`)
    const method = properties.authenticationMethod
    if (method !== undefined) {
      this.#authentication = new Authentication(this.#mqtt, this.#connection, this.limits, method)
      return await this.#advance(this.#authentication, properties.authenticationData)
    }
    const space = await this.#mqtt.host.login({ clientId: this.#clientId, user, password }, this.#connection)
    return await this.#open(space, undefined)
  }

  /** The client's next AUTH fits. @throws PacketError */
  check({ reasonCode, properties }: Auth): void {
    if (reasonCode !== reason.continueAuthentication || !this.#authentication) {
      throw new PacketError(reason.protocolError, 'AUTH where none is expected')
    }
    if (properties.authenticationMethod !== this.#authentication.method) {
      throw new PacketError(reason.protocolError, 'AUTH with another method than CONNECT')
    }
  }

  /** As `begin`, with the client's answer to the last challenge. */
  continue(data: Uint8Array | undefined): Promise<Admitted | undefined> {
    return this.#advance(this.#authentication as Authentication, data)
  }

  async #advance(authentication: Authentication, data: Uint8Array | undefined): Promise<Admitted | undefined> {
    const answer = await authentication.step(data)
    if (this.#abandoned) return undefined
    if (!('identity' in answer)) {
      authentication.send(reason.continueAuthentication, answer.challenge)
      return undefined
    }
    const space = await this.#mqtt.host.admit(answer.identity, this.#clientId, this.#connection)
    return await this.#open(space, answer.data)
  }

  async #open(space: Space, authenticationData: Uint8Array | undefined): Promise<Admitted | undefined> {
    if (this.#abandoned) return undefined
    const opened = await openSession(this.#mqtt, this.connect, this.#clientId, space, this.#holder)
    if (!this.#abandoned) return { opened, authenticationData }
    await opened.session.end({ will: 'publish' })
    throw new Refusal(reason.unspecifiedError, 'the client left')
  }
}

/** Most clients ask for none, and share these. */
export const noLimits: Limits = {}

function limitsOf({ properties }: Connect): Limits {
  const { maximumPacketSize, requestProblemInformation: problemInformation } = properties
  const asked = maximumPacketSize !== undefined || problemInformation !== undefined
  return asked ? { maximumPacketSize, problemInformation } : noLimits
}
