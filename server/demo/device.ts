import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import type { Passwords, UserName } from './users.ts'

/** A client that somebody disconnects comes back. */
const returnsAfterMs = 5_000
/** One that does not read, or that nobody answers, is not waited for any longer. */
const farewellMs = 1_000

export interface Entrance {
  readonly tcp: string
  readonly ws: string
  readonly passwords: Passwords
}

export interface DeviceOptions {
  readonly clientId: string
  /** Default: without a login. */
  readonly user?: UserName
  /** Default: 5. */
  readonly version?: 3 | 4 | 5
  /** Default: tcp. */
  readonly over?: 'tcp' | 'ws'
  readonly will?: { readonly topic: string; readonly payload: string }
  /** Keeps its session this long while it is away. */
  readonly keptSeconds?: number
  /** What it does when its connection is lost. Default: it comes back by itself. */
  readonly returns?: 'by itself' | 'when plugged in'
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
}

/** One client of the broker, once it is plugged in and until it leaves. */
export class Device {
  readonly clientId: string
  readonly #client: MqttClient
  #away = true

  constructor({ tcp, ws, passwords }: Entrance, options: DeviceOptions) {
    const { clientId, user, version = 5, over = 'tcp', will, keptSeconds, returns } = options
    this.clientId = clientId
    this.#client = connect(over === 'ws' ? ws : tcp, {
      clientId,
      ...versionOf(version),
      ...(user !== undefined && { username: user, password: passwords[user] }),
      ...(will && { will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
      clean: keptSeconds === undefined,
      ...(keptSeconds !== undefined && version === 5 && { properties: { sessionExpiryInterval: keptSeconds } }),
      keepalive: 30,
      reconnectPeriod: returns === 'when plugged in' ? 0 : returnsAfterMs,
      resubscribe: false,
      manualConnect: true,
      queueQoSZero: false,
    })
    // Refusals and lost connections are the broker's to tell.
    this.#client.on('error', () => {})
    this.#client.on('close', () => {
      this.#away = true
    })
  }

  /** Each time it is connected. */
  onConnected(work: () => void): this {
    this.#client.on('connect', work)
    return this
  }

  /** Each time it is not connected any more; or, when the broker refused it, not at all. */
  onGone(work: (refused: boolean) => void): this {
    let refused = true
    this.#client.on('connect', () => {
      refused = false
    })
    this.#client.on('close', () => {
      work(refused)
      refused = true
    })
    return this
  }

  subscribe(
    filters: readonly string[],
    qos: 0 | 1 | 2,
    receive: (topic: string, payload: Buffer) => void = () => {},
  ): this {
    this.#client.on('message', receive)
    return this.onConnected(() => this.#client.subscribe([...filters], { qos }, () => {}))
  }

  /** Acknowledges only after `work` has called back. */
  workThrough(work: (done: () => void) => void): this {
    this.#client.handleMessage = (_, done) => work(done)
    return this
  }

  /** What cannot be sent now is not sent later. */
  publish(topic: string, value: object | string, { qos = 0, retain = false }: PublishOptions = {}): void {
    if (!this.#client.connected) return
    const payload = typeof value === 'string' ? value : JSON.stringify(value)
    this.#client.publish(topic, payload, { qos, retain }, () => {})
  }

  /** Lets it connect; one that does not come back by itself, again. */
  plugIn(): void {
    if (!this.#away) return
    this.#away = false
    this.#client.reconnect()
  }

  /** As when its cable is cut: no good-bye. */
  cutCable(): void {
    this.#client.stream?.destroy()
  }

  /** Says good-bye, and waits a moment for what is still to be acknowledged. */
  async leave(): Promise<void> {
    const client = this.#client
    if (client.stream === undefined) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, farewellMs)
    })
    await Promise.race([client.endAsync(!client.connected), late])
    clearTimeout(timer)
    client.stream.destroy()
  }
}

function versionOf(version: 3 | 4 | 5): IClientOptions {
  // MQTT 3.1 has a name of its own.
  return version === 3 ? { protocolVersion: 3, protocolId: 'MQIsdp' } : { protocolVersion: version }
}
