import type { Consumer, Delivery, Message, Receiver, Via } from '../../../kernel/plugin.ts'
import {
  type Acknowledgement,
  encodeAcknowledgement,
  encodePublish,
  OutboundTopicAliases,
  type PublishFrame,
  type Qos,
} from '../codec/index.ts'
import { publishProperties } from '../message-mapping.ts'
import { reason } from '../reason-codes.ts'
import type { Client } from './client.ts'
import { PacketSlots } from './packet-slots.ts'
import { SendLine } from './send-line.ts'
import { sharedFrame } from './shared-frames.ts'
import type { SubscriptionData } from './subscriptions.ts'

/** In a delivery's note: its PUBREC has come, what is open is its PUBREL. */
const releasedFlag = 0x1_0000
const packetIdMask = 0xffff

/** What a way's bindings say together, computed once. */
interface Way {
  readonly subscriptionIdentifiers: readonly number[] | undefined
  readonly retainAsPublished: boolean
}

/** Sends what the session's queue hands out, and settles it as the client answers. */
export class Outgoing implements Receiver {
  readonly #client: Client
  /** Open deliveries by packet identifier. */
  #open: PacketSlots<Delivery> | undefined
  /** Identifiers of deliveries that a restart interrupted and that have not come again yet: they are taken. */
  #reserved: Set<number> | undefined
  readonly #aliases: OutboundTopicAliases | undefined
  #lastPacketId = 0
  #consumer: Consumer | undefined
  /** While a packet waits for the disk. */
  #line: SendLine | undefined
  #ended = false

  constructor(client: Client) {
    this.#client = client
    const aliases = Math.min(client.topicAliasMaximum, client.mqtt.options.outboundTopicAliases)
    if (aliases > 0) this.#aliases = new OutboundTopicAliases(aliases)
  }

  start(): void {
    const { session, receiveMaximum, mqtt } = this.#client
    const credit = Math.min(receiveMaximum, mqtt.options.maxInflight)
    // Delivery may begin within `consume`, and be held: the consumer must be known by then.
    const consumer = session.consume(this, 0)
    this.#consumer = consumer
    for (const note of session.notes) (this.#reserved ??= new Set()).add(note & packetIdMask)
    this.#client.connection.onDrain = () => this.#consumer?.resume()
    consumer.grant(credit)
  }

  /** The connection is over: what is open belongs to the session. */
  end(): void {
    this.#ended = true
    this.#open = undefined
  }

  deliver(message: Message, via: Via, delivery: Delivery | undefined): void {
    if (this.#ended) return
    if (!delivery) this.#deliverAtMostOnce(message, via)
    else if (delivery.guarantee === 1) this.#deliverAtLeastOnce(delivery)
    else this.#deliverExactlyOnce(delivery)
    if (this.#client.connection.slow()) this.#consumer?.hold()
  }

  /** PUBACK: the delivery is done, or refused for good. [MQTT-4.4.0-2] */
  puback({ packetId, reasonCode }: Acknowledgement): void {
    const delivery = this.#open?.get(packetId)
    if (!delivery) return
    if (delivery.guarantee !== 1)
      return this.#client.control.fail(reason.protocolError, `PUBACK for packet ${packetId} of QoS 2`)
    this.#settle(packetId, delivery, reasonCode)
  }

  /** PUBREC: from here on the PUBLISH is never repeated, only its PUBREL. [MQTT-4.3.3-4] [MQTT-4.3.3-6] */
  pubrec({ packetId, reasonCode }: Acknowledgement): void {
    const delivery = this.#open?.get(packetId)
    if (delivery?.guarantee === 1) {
      return this.#client.control.fail(reason.protocolError, `PUBREC for packet ${packetId} of QoS 1`)
    }
    // A refusal ends the exchange, known or not.
    if (reasonCode >= 0x80) return delivery && this.#settle(packetId, delivery, reasonCode)
    // Not 0x92 where nothing is known of the identifier: it may be what is left of an exchange that is over.
    if (!delivery) return this.#pubrel(packetId, reason.success)
    const noted = this.#consumer?.note(delivery, packetId | releasedFlag)
    this.#after(noted, () => this.#pubrel(packetId, reason.success))
  }

  pubcomp({ packetId }: Acknowledgement): void {
    const delivery = this.#open?.get(packetId)
    if (!delivery) return
    if (delivery.note & releasedFlag) return this.#settle(packetId, delivery, reason.success)
    this.#client.control.fail(reason.protocolError, `PUBCOMP for packet ${packetId}, which was not released`)
  }

  #deliverAtMostOnce(message: Message, via: Via): void {
    if (!this.#line) this.#publish(message, via, 0, 0, false)
    else {
      message.keep()
      this.#follow(this.#line, () => this.#publish(message, via, 0, 0, false))
    }
  }

  #deliverAtLeastOnce(delivery: Delivery): void {
    const packetId = this.#packetIdOf(delivery)
    // Kept with the message, so that it is repeated under the same identifier; nobody has to wait for that at QoS 1.
    if (delivery.note !== packetId) this.#consumer?.note(delivery, packetId)
    if (!this.#line) this.#send(packetId, delivery)
    else this.#follow(this.#line, () => this.#send(packetId, delivery))
  }

  #deliverExactlyOnce(delivery: Delivery): void {
    const packetId = this.#packetIdOf(delivery)
    const released = (delivery.note & releasedFlag) !== 0
    // The identifier must be durable first: under another one the client would take a repetition for a new message.
    // So must a release, if an earlier connection left before it was: the client forgets the identifier after it.
    const noted = this.#consumer?.note(delivery, released ? delivery.note : packetId)
    const send = released ? () => this.#pubrel(packetId, reason.success) : () => this.#send(packetId, delivery)
    if (noted) this.#wait(noted, send)
    else if (this.#line) this.#follow(this.#line, send)
    else send()
  }

  /** What comes later must not be sent earlier: it joins the line. */
  #wait(noted: Promise<void>, send: () => void): void {
    const line = (this.#line ??= new SendLine())
    const ready = line.wait(send)
    this.#after(noted, () => {
      ready()
      line.advance()
      if (!line.empty) return
      this.#line = undefined
      this.#consumer?.resume()
    })
  }

  #follow(line: SendLine, send: () => void): void {
    line.follow(send)
    if (line.full) this.#consumer?.hold()
  }

  #send(packetId: number, delivery: Delivery): void {
    const { message, via, guarantee, redelivered } = delivery
    if (this.#publish(message, via, guarantee, packetId, redelivered)) return
    // Too large for this client: dropped as if it had been delivered. [MQTT-3.1.2-25]
    this.#settle(packetId, delivery, reason.success)
  }

  /** False when the packet is larger than the client takes. */
  #publish(message: Message, via: Via, qos: Qos, packetId: number, dup: boolean): boolean {
    const { level, mqtt, bridge } = this.#client
    const way = wayOf(via)
    const retain = via.replay || (message.retain && (way.retainAsPublished || bridge))
    // A retained value would keep what is shared for as long as it lies.
    const own = via.replay || this.#aliases !== undefined || way.subscriptionIdentifiers !== undefined
    const frame = own ? undefined : sharedFrame(message, level, qos, retain, mqtt.host.clock)
    const written = frame
      ? this.#writeShared(frame, packetId, dup)
      : this.#write(message, way, qos, retain, packetId, dup)
    if (!written) {
      mqtt.counters.publishesDropped.value++
      return false
    }
    mqtt.counters.packetsSent.value++
    mqtt.counters.publishesSent.value++
    mqtt.counters.payloadSent.value += message.payloadBytes
    return true
  }

  #writeShared(frame: PublishFrame, packetId: number, dup: boolean): boolean {
    const { connection, limits } = this.#client
    if (frame.byteLength > (limits.maximumPacketSize ?? Number.POSITIVE_INFINITY)) return false
    frame.write(connection.output, packetId, dup)
    return true
  }

  #write(message: Message, way: Way, qos: Qos, retain: boolean, packetId: number, dup: boolean): boolean {
    const { connection, level, limits, mqtt } = this.#client
    const alias = this.#aliases?.known(message.topic) ?? 0
    const announced = alias === 0 ? (this.#aliases?.next ?? 0) : alias
    let properties = level === 5 ? publishProperties(message, way.subscriptionIdentifiers, mqtt.host.clock) : undefined
    if (announced > 0) properties = { ...properties, topicAlias: announced }
    const topic = alias === 0 ? message.topic : ''
    const packet = { dup, qos, retain, topic, packetId, payload: message.packedPayload, properties }
    if (!encodePublish(connection.output, packet, level, limits.maximumPacketSize)) return false
    if (announced > 0 && alias === 0) this.#aliases?.remember(message.topic)
    return true
  }

  #pubrel(packetId: number, reasonCode: number): void {
    const { connection, level, limits, mqtt } = this.#client
    mqtt.counters.packetsSent.value++
    encodeAcknowledgement(connection.output, 'pubrel', packetId, level, reasonCode, undefined, limits)
  }

  #settle(packetId: number, delivery: Delivery, reasonCode: number): void {
    this.#open?.delete(packetId)
    this.#consumer?.settle(delivery, reasonCode >= 0x80 ? 'reject' : 'accept')
  }

  /** Runs when the promise is kept; when it is not, the delivery must not go on. */
  #after(kept: Promise<void> | undefined, work: () => void): void {
    if (!kept) return work()
    kept.then(
      () => {
        if (!this.#ended) work()
      },
      error =>
        this.#client.control.fail(reason.quotaExceeded, `a delivery's state could not be stored: ${String(error)}`),
    )
  }

  /** The identifier it had, or the next free one. [MQTT-2.2.1-4] */
  #packetIdOf(delivery: Delivery): number {
    this.#open ??= new PacketSlots()
    let packetId = delivery.note & packetIdMask
    if (packetId === 0) {
      packetId = this.#lastPacketId
      do packetId = packetId === 0xffff ? 1 : packetId + 1
      while (!this.#open.free(packetId) || this.#reserved?.has(packetId))
      this.#lastPacketId = packetId
    }
    this.#open.set(packetId, delivery)
    return packetId
  }
}

function wayOf(via: Via): Way {
  return ((via.cache as Way | undefined) ?? (via.cache = newWay(via))) as Way
}

function newWay(via: Via): Way {
  const identifiers: number[] = []
  let retainAsPublished = false
  for (const { options } of via.bindings) {
    const { identifier, retainAsPublished: asPublished } = (options.data ?? {}) as Partial<SubscriptionData>
    if (identifier !== undefined) identifiers.push(identifier)
    if (asPublished) retainAsPublished = true
  }
  return { subscriptionIdentifiers: identifiers.length > 0 ? identifiers : undefined, retainAsPublished }
}
