import type { Connection, ConnectionInfo, SessionOptions, Space } from '../../../kernel/plugin.ts'
import {
  type Auth,
  type ClientPacket,
  type Connect,
  closeOnly,
  type Disconnect,
  decodePacket,
  encodeConnack,
  encodeDisconnect,
  encodePingresp,
  noProperties,
  PacketError,
  PacketReader,
  type ProtocolLevel,
  packetType,
} from '../codec/index.ts'
import { reason, returnCodeOf } from '../reason-codes.ts'
import { connackProperties } from './admission.ts'
import { announcedLevel } from './announced-level.ts'
import { Reauthentication } from './authentication.ts'
import { Client, type ConnectionControl, type MqttHost } from './client.ts'
import { tellConnected, tellDisconnected } from './client-events.ts'
import { type Admitted, Handshake, noLimits } from './handshake.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { Refusal, refusalOf } from './refusal.ts'
import { Subscriptions } from './subscriptions.ts'

/**
 * new: nothing came yet; connecting: its CONNECT is being judged; authenticating: the client's next AUTH is awaited;
 * open; closed: nothing is sent or taken any more. [MQTT-3.14.4-1]
 */
type State = 'new' | 'connecting' | 'authenticating' | 'open' | 'closed'

/** What a client has once it is let in. */
interface Parts {
  readonly client: Client
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly subscriptions: Subscriptions
  /** Made with the first AUTH: hardly any client ever sends one. */
  reauthentication: Reauthentication | undefined
}

/** One client's connection, from its first byte to its last. */
export class MqttConnection implements ConnectionControl {
  readonly #mqtt: MqttHost
  readonly #connection: Connection
  readonly #reader: PacketReader
  #state: State = 'new'
  #level: ProtocolLevel | 0 = 0
  #limits = noLimits
  #parts: Parts | undefined
  /** Until the client is in. */
  #handshake: Handshake | undefined
  #pauses = 0
  /** The time by which it must be let in, then the end of its credentials. */
  #cancelDeadline: (() => void) | undefined

  constructor(mqtt: MqttHost, connection: Connection) {
    this.#mqtt = mqtt
    this.#connection = connection
    this.#reader = new PacketReader({
      maxPacketBytes: mqtt.options.maxPacketBytes,
      onPacket: (header, buffer, start, end) => this.#packet(header, buffer, start, end),
    })
  }

  get clientId(): string | undefined {
    return this.#parts?.client.clientId
  }

  serve(): void {
    this.#connection.onClose = why => this.#gone(why)
    // Not a limit on silence: a byte now and then must not keep the connection.
    this.#cancelDeadline = this.#mqtt.host.clock.after(this.#mqtt.options.connectTimeout, () =>
      this.fail(reason.keepAliveTimeout, 'no CONNECT in time'),
    )
    this.#connection.receive(chunk => this.#read(chunk))
    this.#mqtt.connections.add(this)
  }

  /** The broker is closing: good-bye. The session stays as it is, so that its will waits for the restart. */
  shutdown(): void {
    if (this.#state === 'open') this.#disconnect(reason.serverShuttingDown)
    this.#close('the server is shutting down', 'keep')
  }

  /** Every way into the reader: what a client did wrong ends here, and ends that client only. */
  #read(chunk: Buffer | undefined): void {
    if (this.#parts) this.#parts.incoming.arrivedAt = this.#mqtt.host.clock.now()
    try {
      if (chunk) this.#reader.push(chunk)
      else this.#reader.resume()
      if (this.#connection.holds(this.#reader.heldBytes)) return
      this.fail(reason.quotaExceeded, 'there is no memory for so large a packet')
    } catch (error) {
      if (error instanceof Refusal) return this.fail(error.reasonCode, error.message)
      if (!(error instanceof PacketError)) throw error
      this.#mqtt.counters.malformed.value++
      this.fail(error.reasonCode, error.message)
    }
  }

  #packet(header: number, buffer: Buffer, start: number, end: number): void {
    this.#mqtt.counters.packetsReceived.value++
    if (this.#state === 'open') {
      if (header >> 4 === packetType.auth) this.#checkMethod()
      return this.#open(decodePacket(header, buffer, start, end, this.#level))
    }
    if (this.#state === 'new') {
      this.#level = announcedLevel(buffer, start, end)
      const packet = decodePacket(header, buffer, start, end, 0)
      if (packet.type === 'connect') this.#connecting(packet)
      return
    }
    if (this.#state === 'closed') return
    const packet = decodePacket(header, buffer, start, end, this.#level)
    if (packet.type === 'disconnect') return this.#close('the client left while connecting', 'discard')
    if (packet.type !== 'auth') throw new PacketError(reason.protocolError, `${packet.type} before CONNACK`)
    this.#authenticate(this.#handshake as Handshake, packet)
  }

  /** Who connected without a method sends no AUTH, however it looks. [MQTT-4.12.0-6] */
  #checkMethod(): void {
    if (this.#parts?.client.authenticationMethod === undefined) {
      throw new PacketError(reason.protocolError, 'AUTH without a method in CONNECT')
    }
  }

  #open(packet: ClientPacket): void {
    const parts = this.#parts as Parts
    switch (packet.type) {
      case 'publish':
        return parts.incoming.publish(packet)
      case 'puback':
        return parts.outgoing.puback(packet)
      case 'pubrec':
        return parts.outgoing.pubrec(packet)
      case 'pubrel':
        return parts.incoming.pubrel(packet)
      case 'pubcomp':
        return parts.outgoing.pubcomp(packet)
      case 'subscribe':
        return parts.subscriptions.subscribe(packet)
      case 'unsubscribe':
        return parts.subscriptions.unsubscribe(packet)
      case 'pingreq':
        return this.#ping(parts.client.space)
      case 'disconnect':
        return this.#left(packet)
      case 'auth':
        parts.reauthentication ??= new Reauthentication(parts.client)
        return parts.reauthentication.take(packet)
      case 'connect':
        throw new PacketError(reason.protocolError, 'a second CONNECT')
    }
  }

  /** PINGRESP says that what came before PINGREQ is published. */
  #ping(space: Space): void {
    const fence = space.fence()
    if (fence) fence.then(() => this.#pong())
    else this.#pong()
  }

  #pong(): void {
    if (this.#state !== 'open') return
    this.#mqtt.counters.packetsSent.value++
    encodePingresp(this.#connection.output)
  }

  #connecting(connect: Connect): void {
    this.#mqtt.counters.connectsReceived.value++
    this.#level = connect.protocolLevel
    this.#handshake = new Handshake(this.#mqtt, this.#connection, connect, this.#holder())
    this.#limits = this.#handshake.limits
    this.#judge(this.#handshake, this.#handshake.begin())
  }

  /** AUTH while connecting. */
  #authenticate(handshake: Handshake, packet: Auth): void {
    if (this.#state !== 'authenticating') throw new PacketError(reason.protocolError, 'AUTH where none is expected')
    handshake.check(packet)
    const data = packet.properties.authenticationData
    this.#judge(handshake, handshake.continue(data && Buffer.from(data)))
  }

  /** What follows in the stream waits until the client is let in, challenged, or refused. */
  #judge(handshake: Handshake, verdict: Promise<Admitted | undefined>): void {
    this.#state = 'connecting'
    this.pause()
    verdict
      .then(admitted => {
        if (this.#state !== 'connecting') return
        if (admitted) this.#admit(handshake.connect, admitted)
        else this.#state = 'authenticating'
        this.resume()
      })
      .catch(error => this.#refuse(handshake.connect, error))
  }

  #admit(connect: Connect, { opened, authenticationData }: Admitted): void {
    this.#handshake = undefined
    this.#state = 'open'
    this.#reader.accept()
    this.#cancelDeadline?.()
    this.#cancelDeadline = undefined
    this.#watchKeepAlive(opened.keepAlive)
    this.#expireWith(opened.space)
    const shared = { mqtt: this.#mqtt, connection: this.#connection, control: this, limits: this.#limits }
    const client = new Client(shared, connect, opened)
    this.#parts = {
      client,
      incoming: new Incoming(client),
      outgoing: new Outgoing(client),
      subscriptions: new Subscriptions(client),
      reauthentication: undefined,
    }
    this.#mqtt.counters.packetsSent.value++
    const { protocolLevel } = connect
    const connack = {
      sessionPresent: opened.session.resumed,
      reasonCode: reason.success,
      properties:
        protocolLevel === 5 ? connackProperties(this.#mqtt, connect, opened, authenticationData) : noProperties,
    }
    const told = encodeConnack(this.#connection.output, connack, protocolLevel, this.#limits)
    tellConnected(client, connect)
    if (!told) return this.#close('its maximum packet size is too small for CONNACK', 'discard')
    this.#parts.outgoing.start()
    this.#parts.subscriptions.autoSubscribe()
  }

  // What lives as long as the connection is made in functions of its own: a closure keeps all that its function's
  // other closures use, and the CONNECT packet must not live on in any.

  #holder(): Pick<SessionOptions, 'taken' | 'inspect'> {
    return { taken: why => this.#taken(why), inspect: () => this.#inspect() }
  }

  /** [MQTT-3.1.2-22] */
  #watchKeepAlive(seconds: number): void {
    this.#connection.idleLimit(seconds * 1_500, () => this.fail(reason.keepAliveTimeout, 'keep alive timeout'))
  }

  /** The rights of a token end with it. */
  #expireWith(space: Space): void {
    const { expiresAt } = space.principal
    if (expiresAt === undefined) return
    const { clock } = this.#mqtt.host
    const delayMs = Math.min(Math.max(0, expiresAt - clock.now()), 0x7fff_ffff)
    this.#cancelDeadline = clock.after(delayMs, () => this.fail(reason.notAuthorized, 'the credentials have expired'))
  }

  /** DISCONNECT. Only 0x00 discards the will. [MQTT-3.14.4-3] */
  #left({ reasonCode, properties }: Disconnect): void {
    const { client } = this.#parts as Parts
    const interval = properties.sessionExpiryInterval
    if (interval !== undefined && interval > 0 && client.sessionExpiryInterval === 0) {
      throw new PacketError(reason.protocolError, 'DISCONNECT turns a session that ends into one that stays')
    }
    const expiresAfterMs =
      interval === undefined ? undefined : interval === 0xffff_ffff ? Number.POSITIVE_INFINITY : interval * 1_000
    this.#close('the client disconnected', reasonCode === reason.success ? 'discard' : 'publish', expiresAfterMs)
  }

  #taken(why: 'taken-over' | 'kicked'): void {
    const reasonCode = why === 'taken-over' ? reason.sessionTakenOver : reason.administrativeAction
    if (this.#state === 'open') this.#disconnect(reasonCode)
    else if (this.#state === 'connecting') this.#connack(new Refusal(reasonCode, why))
    this.#close(why === 'taken-over' ? 'its session was taken over' : 'it was disconnected by an administrator', 'keep')
  }

  fail(reasonCode: number, why: string): void {
    if (this.#state === 'closed') return
    const { logger } = this.#mqtt.host
    const { address } = this.#connection.peer
    logger.info({ clientId: this.clientId, address, reasonCode, why: why.slice(0, 200) }, 'client closed')
    if (reasonCode === closeOnly) return this.#close(why, 'publish')
    if (this.#state === 'open') this.#disconnect(reasonCode)
    // A 3.x client is told no more than its level, and one that spoke no MQTT at all nothing.
    // [MQTT-3.1.2-2] and [MQTT-3.1.4-1] of 3.1.1
    else if (this.#level === 5 || reasonCode === reason.unsupportedProtocolVersion) {
      this.#connack(new Refusal(reasonCode, why))
    }
    this.#close(why, 'publish')
  }

  #refuse(connect: Connect, error: unknown): void {
    if (this.#state === 'closed') return
    const { logger } = this.#mqtt.host
    let refusal = new Refusal(reason.unspecifiedError, 'internal error')
    try {
      refusal = refusalOf(error, connect)
    } catch (fault) {
      logger.error({ error: fault }, 'a CONNECT could not be judged')
    }
    const { reasonCode, message } = refusal
    const { address } = this.#connection.peer
    logger.info({ clientId: connect.clientId, address, reasonCode, why: message }, 'client refused')
    this.#connack(refusal)
    this.#close(message, 'publish')
  }

  #connack({ reasonCode, properties }: Refusal): void {
    if (this.#level === 0) return
    this.#mqtt.counters.packetsSent.value++
    const code = this.#level === 5 ? reasonCode : returnCodeOf(reasonCode)
    const packet = { sessionPresent: false, reasonCode: code, properties }
    encodeConnack(this.#connection.output, packet, this.#level, this.#limits)
  }

  /** 3.x has no word for it; the connection just ends. */
  #disconnect(reasonCode: number): void {
    this.#mqtt.counters.packetsSent.value++
    const properties = noProperties
    encodeDisconnect(this.#connection.output, { reasonCode, properties }, this.#level === 5 ? 5 : 4, this.#limits)
  }

  #close(why: string, will: 'publish' | 'discard' | 'keep', expiresAfterMs?: number): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#reader.stop()
    this.#cancelDeadline?.()
    const parts = this.#parts
    parts?.incoming.end()
    parts?.outgoing.end()
    parts?.subscriptions.end()
    parts?.reauthentication?.end()
    this.#handshake?.abandon()
    this.#connection.close(why)
    if (!parts) return
    tellDisconnected(parts.client, why)
    if (will === 'keep') return
    parts.client.session.end({ will, expiresAfterMs }).catch(error => {
      this.#mqtt.host.logger.error(
        { clientId: parts.client.clientId, error: String(error) },
        'a session could not be ended',
      )
    })
  }

  #gone(why: string): void {
    this.#close(why, 'publish')
    this.#mqtt.connections.delete(this)
  }

  #inspect(): ConnectionInfo {
    const { peer, listener } = this.#connection
    const client = this.#parts?.client
    return {
      speaks: `MQTT ${{ 0: '', 3: '3.1', 4: '3.1.1', 5: '5.0' }[this.#level]}`,
      listener,
      address: peer.address,
      port: peer.port,
      secure: peer.secure,
      connectedAt: client?.connectedAt ?? 0,
      details: client
        ? {
            keepAliveSeconds: client.keepAlive,
            cleanStart: client.cleanStart,
            receiveMaximum: client.receiveMaximum,
            sessionExpiryInterval: client.sessionExpiryInterval,
          }
        : {},
    }
  }

  pause(): void {
    if (this.#pauses++ > 0) return
    this.#reader.pause()
    this.#connection.pause()
  }

  resume(): void {
    if (this.#pauses === 0 || --this.#pauses > 0 || this.#state === 'closed') return
    this.#connection.resume()
    this.#read(undefined)
  }
}
