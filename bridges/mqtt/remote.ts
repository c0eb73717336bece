import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt'
import {
  BridgeFailure,
  type BridgeHost,
  BrokerError,
  readTlsClient,
  servernameOf,
  type TlsClientOptions,
} from '../../kernel/plugin.ts'
import type { MqttOptions } from './options.ts'

const ports: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 }

/** CONNACK codes that somebody must mend: identifier, credentials, rights, bans. */
const refusals: ReadonlySet<number> = new Set([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c])

/** A client that is connected, and what the other broker granted it. */
export interface Opened {
  readonly client: MqttClient
  readonly maxPacketBytes: number
  readonly receiveMaximum: number
}

/** The broker on the other side. */
export class Remote {
  readonly url: URL
  readonly tls: ReturnType<typeof readTlsClient> | undefined
  readonly five: boolean
  readonly #options: MqttOptions
  readonly #host: BridgeHost

  /** @throws BrokerError CONFIG_INVALID */
  constructor(options: MqttOptions, host: BridgeHost) {
    this.#options = options
    this.#host = host
    this.url = parse(options.url)
    this.five = options.version === '5'
    const secure = this.url.protocol === 'mqtts:' || this.url.protocol === 'wss:'
    if (options.tls && !secure) throw invalid('"tls" needs a URL that begins with mqtts:// or wss://')
    const given: TlsClientOptions = options.tls ?? { verify: true }
    this.tls = secure ? readTlsClient(given, 'connection of type mqtt') : undefined
  }

  get host(): string {
    return this.url.hostname.replace(/^\[|\]$/g, '')
  }

  get port(): number {
    return Number(this.url.port) || (ports[this.url.protocol] ?? 1883)
  }

  /** The client id of a bridge: the same after a restart, for the session over there. */
  clientIdOf(bridge: string): string {
    return `${this.#options.clientId ?? `robustmq-${this.#host.node}`}-${bridge}`
  }

  /**
   * A client that connects once and never again by itself. `prepare` is called before anything can arrive.
   * @throws BridgeFailure
   */
  open(
    clientId: string,
    session: IClientOptions,
    signal: AbortSignal,
    prepare: (client: MqttClient) => void = () => {},
  ): Promise<Opened> {
    const { username, password, keepAlive, connectTimeout, tls } = this.#options
    const servername = servernameOf(tls, this.host)
    const client = connect(this.url.href, {
      ...{ clientId, protocolVersion: this.five ? 5 : 4, reconnectPeriod: 0, resubscribe: false, queueQoSZero: false },
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      keepalive: Math.ceil(keepAlive / 1_000),
      connectTimeout,
      ...this.tls,
      ...(servername !== undefined && { servername }),
      ...session,
    } as IClientOptions)
    prepare(client)
    // Its end is told by `close`.
    client.on('error', () => {})
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        signal.removeEventListener('abort', onAbort)
        client.off('error', onError)
        client.off('close', onClose)
      }
      const fail = (failure: BridgeFailure): void => {
        settle()
        client.end(true)
        reject(failure)
      }
      const onAbort = (): void => fail(new BridgeFailure('the bridge stops'))
      const onError = (error: Error): void => fail(failureOf(error))
      const onClose = (): void => fail(new BridgeFailure('the other broker closed the connection'))
      client.once('error', onError)
      client.once('close', onClose)
      signal.addEventListener('abort', onAbort, { once: true })
      client.once('connect', ({ properties }: IConnackPacket) => {
        settle()
        const { maximumPacketSize = Number.POSITIVE_INFINITY, receiveMaximum = 65_535 } = properties ?? {}
        resolve({ client, maxPacketBytes: maximumPacketSize, receiveMaximum })
      })
      if (signal.aborted) onAbort()
    })
  }
}

export function failureOf(error: unknown): BridgeFailure {
  if (error instanceof BridgeFailure) return error
  const { code, message } = error as { code?: unknown; message: string }
  const tls = typeof code === 'string' && /CERT|SIGNATURE|ALTNAME|ISSUER|SELF_SIGNED/.test(code)
  const refused = typeof code === 'number' && refusals.has(code)
  return new BridgeFailure(message, { wants: tls || refused ? 'mend' : 'repeat' })
}

function parse(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw invalid('"url" is no URL, such as mqtts://broker.example.org')
  }
  if (!Object.hasOwn(ports, url.protocol)) throw invalid('"url" must begin with mqtt://, mqtts://, ws:// or wss://')
  if (url.username !== '' || url.password !== '') throw invalid('"url" names a user; set "username" and "password"')
  return url
}

function invalid(what: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', `connection of type mqtt: ${what}`)
}
