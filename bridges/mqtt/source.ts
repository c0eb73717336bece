import type { IPublishPacket, MqttClient } from 'mqtt'
import {
  BridgeFailure,
  type BridgeSource,
  type Clock,
  type Header,
  type SourceBatch,
  type SourceRecord,
} from '../../kernel/plugin.ts'
import type { MqttFrom } from './options.ts'
import type { Remote } from './remote.ts'

/** Records that may wait here unstored; past it the other broker's connection is not read. */
const mostWaiting = 1_000
const batchRecords = 500
/** How long the other broker keeps the session of a bridge that is away, where it lets a client say so: seconds. */
const sessionSeconds = 0xfffffffe

interface Arrived {
  readonly record: SourceRecord
  /** What acknowledges it; undefined at QoS 0. */
  readonly packetId: number | undefined
}

/** Subscribes at another broker, in a session that is kept there, and acknowledges what is stored here. */
export class MqttSource implements BridgeSource {
  readonly #remote: Remote
  readonly #from: MqttFrom
  readonly #clientId: string
  readonly #clock: Clock
  #client: MqttClient | undefined
  #number = 0

  constructor(remote: Remote, from: MqttFrom, bridge: string, clock: Clock) {
    this.#remote = remote
    this.#from = from
    this.#clientId = remote.clientIdOf(bridge)
    this.#clock = clock
  }

  async *read(signal: AbortSignal, ready: () => void): AsyncGenerator<SourceBatch> {
    const arrivals = new Arrivals()
    const client = await this.#open(arrivals, signal)
    try {
      await this.#subscribe(client)
      ready()
      for (;;) {
        const arrived = await arrivals.next()
        if (signal.aborted) return
        yield {
          records: arrived.map(({ record }) => record),
          stored: () => {
            for (const { packetId } of arrived) if (packetId !== undefined) acknowledge(client, packetId)
          },
        }
      }
    } finally {
      // What is acknowledged must still go out: an orderly end writes it first.
      await new Promise<void>(resolve => client.end(!client.connected, {}, () => resolve()))
      this.#client = undefined
    }
  }

  async close(): Promise<void> {
    this.#client?.end(true)
  }

  async #open(arrivals: Arrivals, signal: AbortSignal): Promise<MqttClient> {
    const properties = { sessionExpiryInterval: sessionSeconds, receiveMaximum: mostWaiting }
    const session = { clean: false, ...(this.#remote.five && { properties }) }
    const opening = this.#remote.open(this.#clientId, session, signal, client => {
      holdAcknowledgements(client)
      client.handleMessage = (packet, done) => arrivals.add(this.#arrived(packet), () => done())
    })
    const { client } = await opening
    this.#client = client
    client.once('close', () => arrivals.end(new BridgeFailure('the other broker closed the connection')))
    signal.addEventListener('abort', () => arrivals.end(new BridgeFailure('the bridge stops')), { once: true })
    if (!client.connected) throw new BridgeFailure('the other broker closed the connection')
    return client
  }

  async #subscribe(client: MqttClient): Promise<void> {
    const { topics, qos } = this.#from
    const five = this.#remote.five
    // A subscription tells a message that was retained apart, and not what this bridge itself published there.
    const options = { qos, ...(five && { nl: true, rap: true }) }
    const granted = await client.subscribeAsync([...topics], options).catch((error: Error) => {
      throw new BridgeFailure(`the subscription was refused: ${error.message}`, { wants: 'mend' })
    })
    for (const grant of granted) {
      if (grant.qos < 128) continue
      throw new BridgeFailure(`the subscription to "${grant.topic}" was refused: ${grant.qos}`, { wants: 'mend' })
    }
  }

  #arrived(packet: IPublishPacket): Arrived {
    const { properties = {} } = packet
    const { userProperties, contentType, responseTopic, correlationData, messageExpiryInterval } = properties
    const now = this.#clock.now()
    const record: SourceRecord = {
      topic: packet.topic,
      value: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      headers: headersOf(userProperties),
      timestamp: now,
      id: `${this.#clientId}-${now.toString(36)}-${(this.#number++).toString(36)}`,
      qos: packet.qos,
      retain: packet.retain,
      contentType,
      replyTo: responseTopic,
      correlationId: correlationData,
      expiresAt: messageExpiryInterval === undefined ? undefined : now + messageExpiryInterval * 1_000,
    }
    return { record, packetId: packet.qos === 0 ? undefined : packet.messageId }
  }
}

/** What came and was not asked for yet. */
class Arrivals {
  #arrived: Arrived[] = []
  #wanted: (() => void) | undefined
  #goOn: (() => void)[] = []
  #failure: BridgeFailure | undefined

  /** `goOn`: lets the next packet come. */
  add(arrived: Arrived, goOn: () => void): void {
    this.#arrived.push(arrived)
    if (this.#arrived.length < mostWaiting) goOn()
    else this.#goOn.push(goOn)
    this.#tell()
  }

  end(failure: BridgeFailure): void {
    this.#failure ??= failure
    this.#tell()
  }

  /** At least one. @throws BridgeFailure when there is no more. */
  async next(): Promise<readonly Arrived[]> {
    while (this.#arrived.length === 0) {
      if (this.#failure) throw this.#failure
      await new Promise<void>(resolve => {
        this.#wanted = resolve
      })
    }
    const batch = this.#arrived.splice(0, batchRecords)
    for (const goOn of this.#goOn.splice(0)) goOn()
    return batch
  }

  #tell(): void {
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.()
  }
}

type SendPacket = (packet: { cmd: string; messageId?: number }, done?: () => void, ...more: unknown[]) => void

/**
 * The client acknowledges what it has handed over. Here that is too early: its own PUBACK is dropped, and one is sent
 * when the record is stored.
 */
function holdAcknowledgements(client: MqttClient): void {
  const inner = client as unknown as { _sendPacket: SendPacket; acknowledge: SendPacket }
  const send = inner._sendPacket.bind(client)
  inner.acknowledge = send
  inner._sendPacket = (packet, done, ...more) => {
    if (packet.cmd === 'puback') done?.()
    else send(packet, done, ...more)
  }
}

function acknowledge(client: MqttClient, messageId: number): void {
  // After a new connection the other broker sends it again.
  if (client.connected) (client as unknown as { acknowledge: SendPacket }).acknowledge({ cmd: 'puback', messageId })
}

function headersOf(properties: Readonly<Record<string, string | string[]>> | undefined): readonly Header[] {
  if (!properties) return []
  return Object.entries(properties).flatMap(([name, values]) => [values].flat().map(value => [name, value] as const))
}
