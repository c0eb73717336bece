import { isBrokerError, Message } from '../../../kernel/plugin.ts'
import {
  type Acknowledgement,
  type AcknowledgementType,
  checkPayloadFormat,
  encodeAcknowledgement,
  InboundTopicAliases,
  PacketError,
  type Publish,
} from '../codec/index.ts'
import { messageFields } from '../message-mapping.ts'
import { reason, reasonOf } from '../reason-codes.ts'
import { isReserved, parseDelayedTopic } from '../topics/delayed-topic.ts'
import { AcknowledgementOrder } from './acknowledgement-order.ts'
import type { Client } from './client.ts'

/** Takes what the client publishes, and acknowledges it when it is safe. */
export class Incoming {
  readonly #client: Client
  /** When the bytes came that are being read, ms since the epoch: asked for once, however many packets are in them. */
  arrivedAt: number
  #aliases: InboundTopicAliases | undefined
  /** QoS 2 identifiers that came on this connection and are not completed: they count against Receive Maximum. */
  #open: Set<number> | undefined
  #order: AcknowledgementOrder | undefined
  #paused = false
  #ended = false
  #toldExceeded = false

  constructor(client: Client) {
    this.#client = client
    this.arrivedAt = client.mqtt.host.clock.now()
  }

  end(): void {
    this.#ended = true
  }

  /** @throws PacketError */
  publish(packet: Publish): void {
    const { mqtt, space } = this.#client
    mqtt.counters.publishesReceived.value++
    mqtt.counters.payloadReceived.value += packet.payload.length
    const topic = this.#topicOf(packet)
    if (packet.qos > 0 && !this.#withinReceiveMaximum(packet)) return
    if (packet.qos === 2 && this.#client.session.holds(packet.packetId)) {
      this.#opened(packet.packetId)
      this.#answerNow('pubrec', packet.packetId, reason.success)
    } else {
      try {
        this.#take(packet, topic)
      } catch (error) {
        this.#refuse(packet, error)
      }
    }
    const wait = space.throttle(packet.payload.length)
    if (wait) this.#throttle(wait)
  }

  #topicOf({ topic, properties }: Publish): string {
    if (properties.topicAlias === undefined && topic !== '') return topic
    this.#aliases ??= new InboundTopicAliases(this.#client.mqtt.options.topicAliasMaximum)
    return this.#aliases.resolve(topic, properties.topicAlias)
  }

  #opened(packetId: number): void {
    this.#open ??= new Set()
    this.#open.add(packetId)
  }

  /** PUBREL: the identifier is free again as soon as that is durable, and only then PUBCOMP says so. */
  pubrel({ packetId }: Acknowledgement): void {
    const released = this.#client.session.release(packetId)
    // Not 0x92 where nothing is known of the identifier: it may be a repetition of what is complete.
    const complete = () => this.#answerNow('pubcomp', packetId, reason.success)
    if (!released) return complete()
    released.then(
      () => {
        if (!this.#ended) complete()
      },
      error => this.#client.control.fail(reason.quotaExceeded, `a release could not be stored: ${String(error)}`),
    )
  }

  #take(packet: Publish, topic: string): void {
    const { mqtt, session, space } = this.#client
    if (mqtt.options.checkPayloadFormat) checkPayloadFormat(packet.payload, packet.properties.payloadFormatIndicator)
    const message = this.#message(packet, topic)
    if (packet.qos === 0) {
      const published = this.#certified(message, space.publish(message))
      if (typeof published !== 'number') published.catch(error => this.#lost(message.topic, error))
      return
    }
    if (packet.qos === 1) return this.#answer('puback', packet, this.#certified(message, space.publish(message)))
    const published = session.publishOnce(message, packet.packetId)
    this.#opened(packet.packetId)
    this.#answer('pubrec', packet, published === undefined ? 1 : this.#certified(message, published))
  }

  #certified(message: Message, published: number | Promise<number>): number | Promise<number> {
    const { mqtt, space } = this.#client
    return mqtt.births ? mqtt.births.keep(message, space.principal.tenant, published) : published
  }

  #message(packet: Publish, topic: string): Message {
    const { mqtt, clientId, user } = this.#client
    const now = this.arrivedAt
    const delayed = parseDelayedTopic(topic, now)
    const asked = delayed ? delayed.topic : topic
    const target = mqtt.rewriter.empty ? asked : mqtt.rewriter.publish(asked, clientId, user)
    // Nor does a rule that puts a client's words together lead there.
    if (isReserved(asked) || isReserved(target)) {
      throw new PacketError(reason.notAuthorized, `"${target}" belongs to the server`)
    }
    return new Message(messageFields(packet, target, clientId, now, delayed?.deliverAt))
  }

  #answer(type: 'puback' | 'pubrec', packet: Publish, published: number | Promise<number>): void {
    if (typeof published === 'number') return this.#answerNow(type, packet.packetId, codeOf(type, published))
    this.#opened(packet.packetId)
    this.#order ??= new AcknowledgementOrder({
      send: (...acknowledgement) => this.#answered(...acknowledgement),
      codeOf,
      refusalCode: error => this.#refusalCode(error),
    })
    this.#order.after(published, type, packet.packetId)
    this.#pauseWhenFull(this.#order)
  }

  /** In the order of the publishes: not before those whose commit is pending. */
  #answerNow(type: AcknowledgementType, packetId: number, reasonCode: number): void {
    const order = this.#order
    if (!order || order.pending === 0) return this.#say(type, packetId, reasonCode)
    this.#opened(packetId)
    order.behind(type, packetId, reasonCode)
    this.#pauseWhenFull(order)
  }

  #pauseWhenFull({ pending }: AcknowledgementOrder): void {
    if (this.#paused || pending < this.#client.mqtt.options.receiveMaximum) return
    this.#paused = true
    this.#client.control.pause()
  }

  /** What had to wait can be said. */
  #answered(type: AcknowledgementType, packetId: number, reasonCode: number): void {
    if (!this.#ended) this.#say(type, packetId, reasonCode)
    if (!this.#paused || (this.#order?.pending ?? 0) >= this.#client.mqtt.options.receiveMaximum) return
    this.#paused = false
    this.#client.control.resume()
  }

  /** Refused: 5.0 is told why; before that there is only "taken" or the end of the connection. */
  #refuse(packet: Publish, error: unknown): void {
    if (!(error instanceof PacketError) && !isBrokerError(error)) throw error
    const reasonCode = this.#refusalCode(error)
    if (packet.qos > 0) return this.#answerNow(packet.qos === 1 ? 'puback' : 'pubrec', packet.packetId, reasonCode)
    if (reasonCode === reason.payloadFormatInvalid || reasonCode === reason.topicNameInvalid) {
      this.#client.control.fail(reasonCode, error.message)
    }
  }

  /** Counts a refused publish; what its acknowledgement says. */
  #refusalCode(error: unknown): number {
    const { mqtt, level, clientId } = this.#client
    const reasonCode = error instanceof PacketError ? error.reasonCode : reasonOf(error)
    mqtt.counters.publishesDropped.value++
    mqtt.host.logger.debug({ clientId, reasonCode, why: String(error) }, 'a publish was refused')
    // Before 5.0 what may not be published is taken and dropped; what there is no room for ends the connection.
    const silent = level !== 5 && reasonCode === reason.notAuthorized // [MQTT-3.3.5-2] and [MQTT-4.8.0-2] of 3.1.1
    return silent ? reason.success : reasonCode
  }

  #say(type: AcknowledgementType, packetId: number, reasonCode: number): void {
    // What a PUBREC began is open until its PUBCOMP.
    if (type !== 'pubrec' || reasonCode >= 0x80) this.#open?.delete(packetId)
    this.#acknowledge(type, packetId, reasonCode)
  }

  /** A code that tells a 3.x client of a refusal does not exist: what was not stored must not be acknowledged. */
  #acknowledge(type: AcknowledgementType, packetId: number, reasonCode: number): void {
    const { connection, level, limits, mqtt } = this.#client
    if (level !== 5 && reasonCode >= 0x80 && type !== 'pubcomp') {
      return this.#client.control.fail(reasonCode, 'a publish could not be stored')
    }
    mqtt.counters.packetsSent.value++
    encodeAcknowledgement(connection.output, type, packetId, level, reasonCode, undefined, limits)
  }

  #withinReceiveMaximum(packet: Publish): boolean {
    const { mqtt, level, clientId } = this.#client
    const { receiveMaximum, receiveMaximumExceeded } = mqtt.options
    // A repetition of what is open is nothing new.
    if (level !== 5 || !this.#open || this.#open.size < receiveMaximum || this.#open.has(packet.packetId)) return true
    if (receiveMaximumExceeded === 'close') {
      this.#client.control.fail(
        reason.receiveMaximumExceeded,
        `more than ${receiveMaximum} publishes are unacknowledged`,
      )
      return false
    }
    if (!this.#toldExceeded) {
      this.#toldExceeded = true
      mqtt.host.logger.warn({ clientId, receiveMaximum }, 'the client exceeds its receive maximum')
    }
    return true
  }

  #throttle(wait: Promise<void>): void {
    const { control } = this.#client
    control.pause()
    wait.then(() => control.resume())
  }

  #lost(topic: string, error: unknown): void {
    this.#client.mqtt.counters.publishesDropped.value++
    this.#client.mqtt.host.logger.debug({ topic, error: String(error) }, 'a publish at QoS 0 was not stored')
  }
}

/** In PUBACK only, as of Mosquitto: what a PUBREC begins is not over. */
function codeOf(type: AcknowledgementType, reached: number): number {
  return reached === 0 && type === 'puback' ? reason.noMatchingSubscribers : reason.success
}
