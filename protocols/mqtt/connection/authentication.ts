import type { Connection, Exchange, Identity } from '../../../kernel/plugin.ts'
import { type Auth, encodeAuth, type Limits, PacketError } from '../codec/index.ts'
import { reason } from '../reason-codes.ts'
import type { Client, MqttHost } from './client.ts'
import { Refusal } from './refusal.ts'

/** One enhanced authentication, step by step: while connecting, or of a client that is in. */
export class Authentication {
  readonly method: string
  readonly #mqtt: MqttHost
  readonly #connection: Connection
  readonly #limits: Limits
  readonly #exchange: Exchange

  /** @throws Refusal [MQTT-4.12.0-1] */
  constructor(mqtt: MqttHost, connection: Connection, limits: Limits, method: string) {
    const exchange = mqtt.host.exchange(method, connection)
    if (!exchange) throw new Refusal(reason.badAuthenticationMethod, `no authenticator offers method "${method}"`)
    this.method = method
    this.#mqtt = mqtt
    this.#connection = connection
    this.#limits = limits
    this.#exchange = exchange
  }

  /** @throws Refusal [MQTT-4.12.0-4] */
  async step(
    data: Uint8Array | undefined,
  ): Promise<{ challenge: Uint8Array } | { identity: Identity; data?: Uint8Array }> {
    const answer = await this.#exchange.step(data ?? new Uint8Array(0))
    if (answer === 'denied') throw new Refusal(reason.notAuthorized, 'enhanced authentication failed')
    return answer
  }

  /** Asks for more data, or says that it is over. [MQTT-4.12.0-2] */
  send(reasonCode: number, authenticationData: Uint8Array | undefined): void {
    this.#mqtt.counters.packetsSent.value++
    const properties = { authenticationMethod: this.method, ...(authenticationData && { authenticationData }) }
    encodeAuth(this.#connection.output, { reasonCode, properties }, 5, this.#limits)
  }
}

/** AUTH of a client that is in: it proves anew who it is. [MQTT-4.12.1-1] */
export class Reauthentication {
  readonly #client: Client
  #running: Authentication | undefined
  #ended = false

  constructor(client: Client) {
    this.#client = client
  }

  end(): void {
    this.#ended = true
  }

  /** @throws PacketError */
  take({ reasonCode, properties }: Auth): void {
    const { authenticationMethod, authenticationData } = properties
    const { mqtt, connection, limits } = this.#client
    if (authenticationMethod === undefined || authenticationMethod !== this.#client.authenticationMethod) {
      throw new PacketError(reason.protocolError, 'AUTH without, or with another method than CONNECT')
    }
    const begins = reasonCode === reason.reAuthenticate
    if (begins === (this.#running !== undefined)) {
      const why = begins ? 're-authentication within one' : 'AUTH where none is expected'
      throw new PacketError(reason.protocolError, why)
    }
    this.#running ??= new Authentication(mqtt, connection, limits, authenticationMethod)
    this.#step(this.#running, authenticationData && Buffer.from(authenticationData))
  }

  #step(running: Authentication, data: Uint8Array | undefined): void {
    running
      .step(data)
      .then(answer => {
        if (this.#ended) return
        if (!('identity' in answer)) return running.send(reason.continueAuthentication, answer.challenge)
        // Who proves it anew must be who it was. [MQTT-4.12.1-2]
        if (answer.identity.user !== this.#client.user) throw new Refusal(reason.notAuthorized, 'another user')
        this.#running = undefined
        running.send(reason.success, answer.data)
      })
      .catch(error => this.#client.control.fail(reason.notAuthorized, `re-authentication failed: ${String(error)}`))
  }
}
