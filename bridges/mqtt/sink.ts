import type { IClientPublishOptions, MqttClient } from 'mqtt'
import {
  BridgeFailure,
  type BridgeSink,
  type Clock,
  isRejected,
  Rejected,
  type Scope,
  viaHeader,
} from '../../kernel/plugin.ts'
import type { MqttTo } from './options.ts'
import { failureOf, type Opened, type Remote } from './remote.ts'

export interface MqttItem {
  readonly topic: string
  readonly payload: Buffer
  readonly options: IClientPublishOptions
}

/** PUBACK and PUBREC codes that are about a message and will be the same the next time. [MQTT-4.13.2] */
const poison: Readonly<Record<number, string>> = {
  135: 'NOT_AUTHORIZED',
  144: 'TOPIC_INVALID',
  149: 'TOO_LARGE',
  153: 'PAYLOAD_INVALID',
}

/** Publishes that may be under way; the other broker may allow fewer. */
const mostUnderWay = 1_000

/** Publishes to another broker, over a connection that is made when it is needed. */
export class MqttSink implements BridgeSink<MqttItem> {
  readonly #remote: Remote
  readonly #to: MqttTo
  readonly #clientId: string
  readonly #clock: Clock
  #opened: Opened | undefined
  /** Ends the waiting for acknowledgements when the connection is gone. */
  readonly #waiting = new Set<(failure: BridgeFailure) => void>()
  #closed = false

  constructor(remote: Remote, to: MqttTo, bridge: string, clock: Clock) {
    this.#remote = remote
    this.#to = to
    this.#clientId = remote.clientIdOf(bridge)
    this.#clock = clock
  }

  prepare(scope: Scope): MqttItem | Rejected {
    const topic = this.#to.topic.text(scope)
    if (isRejected(topic)) return topic
    if (topic === undefined || topic === '') return new Rejected('TOPIC_INVALID', '"to.topic" gives nothing')
    if (/[+#\0]/.test(topic)) return new Rejected('TOPIC_INVALID', '"to.topic" gives a topic with a wildcard')
    const payload = this.#to.payload.render(scope)
    if (isRejected(payload)) return payload
    const retain = this.#to.retain === 'keep' && scope.retain === true
    const options: IClientPublishOptions = { qos: this.#to.qos, retain }
    if (this.#remote.five) options.properties = propertiesOf(scope, this.#clock)
    return { topic, payload: viewOf(payload ?? new Uint8Array(0)), options }
  }

  bytesOf({ topic, payload }: MqttItem): number {
    return topic.length + payload.length
  }

  async send(items: readonly MqttItem[], signal: AbortSignal): Promise<void> {
    const { client, maxPacketBytes, receiveMaximum } = await this.#connected(signal)
    const taken: number[] = []
    const rejections: { index: number; why: Rejected }[] = []
    let failure: BridgeFailure | undefined
    const cut = (): void => this.#drop()
    signal.addEventListener('abort', cut, { once: true })
    const one = async (index: number): Promise<void> => {
      const item = items[index] as MqttItem
      if (this.bytesOf(item) + 64 > maxPacketBytes) {
        rejections.push({
          index,
          why: new Rejected('TOO_LARGE', `the other broker takes ${maxPacketBytes} bytes`),
        })
        return
      }
      try {
        await this.#publish(client, item)
        taken.push(index)
      } catch (error) {
        const code = (error as { code?: unknown }).code
        const word = typeof code === 'number' ? poison[code] : undefined
        if (word === undefined) failure ??= failureOf(error)
        else rejections.push({ index, why: new Rejected(word, `the other broker refused it: ${code}`) })
      }
    }
    const limit = Math.min(mostUnderWay, receiveMaximum)
    const underWay = new Set<Promise<void>>()
    for (let index = 0; index < items.length && !failure; index++) {
      const published = one(index).finally(() => underWay.delete(published))
      underWay.add(published)
      if (underWay.size >= limit) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    signal.removeEventListener('abort', cut)
    if (!failure && rejections.length === 0) return
    const why = failure?.message ?? rejections[0]?.why.reason ?? ''
    throw new BridgeFailure(why, { wants: failure?.wants ?? 'repeat', taken, rejections })
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = this.#opened?.client
    this.#opened = undefined
    if (client) await new Promise<void>(resolve => client.end(false, {}, () => resolve()))
  }

  async #connected(signal: AbortSignal): Promise<Opened> {
    if (this.#opened?.client.connected) return this.#opened
    this.#drop()
    const opened = await this.#remote.open(this.#clientId, { clean: true }, signal)
    if (this.#closed) {
      opened.client.end(true)
      throw new BridgeFailure('the bridge stops')
    }
    opened.client.once('close', () => this.#lost(opened, 'the other broker closed the connection'))
    this.#opened = opened
    return opened
  }

  /** Rejects when the connection ends first: what is under way then was perhaps taken. */
  #publish(client: MqttClient, { topic, payload, options }: MqttItem): Promise<void> {
    return new Promise((resolve, reject) => {
      if (client !== this.#opened?.client) return reject(new BridgeFailure('the connection was lost'))
      this.#waiting.add(reject)
      client.publish(topic, payload, options, error => {
        this.#waiting.delete(reject)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  #lost(opened: Opened, why: string): void {
    if (opened !== this.#opened) return
    this.#opened = undefined
    const failure = new BridgeFailure(why)
    for (const reject of this.#waiting) reject(failure)
    this.#waiting.clear()
  }

  #drop(): void {
    const opened = this.#opened
    if (!opened) return
    this.#lost(opened, 'the connection was given up')
    opened.client.end(true)
  }
}

function propertiesOf(scope: Scope, clock: Clock): NonNullable<IClientPublishOptions['properties']> {
  const user: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of scope.headers) {
    if (name === viaHeader) continue
    const before = user[name]
    user[name] = before === undefined ? value : [...[before].flat(), value]
  }
  user[viaHeader] = scope.via
  const { contentType, correlationId, replyTo, expiresAt } = scope
  return {
    userProperties: user,
    ...(contentType !== undefined && { contentType }),
    ...(correlationId !== undefined && { correlationData: viewOf(correlationId) }),
    ...(replyTo !== undefined && { responseTopic: replyTo }),
    ...(expiresAt !== undefined && {
      messageExpiryInterval: Math.max(1, Math.ceil((expiresAt - clock.now()) / 1_000)),
    }),
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
