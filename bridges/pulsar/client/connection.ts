import type net from 'node:net'
import { Deferred } from './deferred.ts'
import { dial } from './dial.ts'
import { commandFrame, FrameReader } from './frame.ts'
import type { Command, CommandName, CommandOf } from './grammar.ts'
import { type Entry, readEntry } from './incoming.ts'
import { decodeCommand, encodeCommand } from './protobuf.ts'
import { asPulsarError, PulsarError, serverError } from './pulsar-error.ts'
import type { Address, ClientHost, ClientSettings } from './settings.ts'

/** 20 would only add that a topic has moved to another cluster; a broker closes the producer then, too. */
const protocolVersion = 19
/** Before a broker says how large messages may be. */
const loginFrameBytes = 64 * 1024
/** What commands and metadata may add to a message: brokers allow 10 KiB. */
const frameMarginBytes = 64 * 1024
/** Whatever a broker says; its own default is 5 MiB. */
const maxMessageBytes = 128 * 1024 * 1024
const defaultMaxMessageBytes = 5 * 1024 * 1024
/** Silence after which we ask, and after once more of it give up. Brokers do the same with 30 s. */
const keepAliveMs = 30_000

export interface ProducerEnd {
  onReceipt(sequenceId: number): void
  onRefusal(sequenceId: number, error: PulsarError): void
  /** The broker closed it, or the connection ended. */
  onClosed(error: PulsarError): void
}

export interface ConsumerEnd {
  onEntry(entry: Entry): void
  onClosed(error: PulsarError): void
}

type Request = 'producer' | 'subscribe' | 'lookup' | 'partitionedMetadata' | 'closeProducer' | 'closeConsumer' | 'ack'
type Answer = Exclude<Command['name'], never>

interface Pending {
  readonly what: string
  readonly answer: Deferred<Command>
  cancelTimer: () => void
}

/** One connection to a broker or a proxy, logged in. It ends once and is not made again: whoever used it looks its topic up anew. */
export class Connection {
  readonly where: string
  readonly #socket: net.Socket
  readonly #settings: ClientSettings
  readonly #host: ClientHost
  readonly #reader: FrameReader
  readonly #pending = new Map<number, Pending>()
  readonly #producers = new Map<number, ProducerEnd>()
  readonly #consumers = new Map<number, ConsumerEnd>()
  readonly #login = new Deferred<void>()
  readonly #onEnd: (() => void)[] = []
  /** What the broker takes of metadata and payload. */
  maxMessageBytes = defaultMaxMessageBytes
  serverVersion = ''
  #ended: PulsarError | undefined
  #nextId = 1
  #heard = true
  #heardAt = 0
  #asked = false
  #paused = 0
  #cancelKeepAlive: () => void = () => {}

  private constructor(socket: net.Socket, where: string, settings: ClientSettings, host: ClientHost) {
    this.#socket = socket
    this.where = where
    this.#settings = settings
    this.#host = host
    this.#reader = new FrameReader(loginFrameBytes, (buffer, start, end) => this.#onFrame(buffer, start, end))
    socket.on('data', chunk => this.#onData(chunk as Buffer))
    socket.on('error', error => this.#end(new PulsarError('CLOSED', `${where}: ${error.message}`, { cause: error })))
    socket.on('close', () => this.#end(new PulsarError('CLOSED', `${where} closed the connection`)))
  }

  /** `proxyTo`: the broker that a proxy is to pass us on to. @throws PulsarError */
  static async open(
    address: Address,
    settings: ClientSettings,
    host: ClientHost,
    signal: AbortSignal,
    proxyTo?: string,
  ): Promise<Connection> {
    return Connection.login(await dial(address, settings, host, signal), settings, host, signal, proxyTo)
  }

  /** Logs in on a socket of `dial`, which it owns from now on. */
  static async login(
    socket: net.Socket,
    settings: ClientSettings,
    host: ClientHost,
    signal: AbortSignal,
    proxyTo?: string,
  ): Promise<Connection> {
    const where = `${socket.remoteAddress}:${socket.remotePort}`
    const connection = new Connection(socket, where, settings, host)
    const late = () =>
      connection.#end(new PulsarError('TIMEOUT', `no answer to the login within ${settings.connectMs} ms`))
    const cancelTimer = host.clock.after(settings.connectMs, late)
    const onAbort = () => connection.#end(asPulsarError(signal.reason))
    signal.addEventListener('abort', onAbort)
    try {
      connection.#send('connect', {
        clientVersion: clientVersion(host),
        protocolVersion,
        authMethodName: authMethod(settings),
        ...(settings.token === undefined ? {} : { authData: Buffer.from(settings.token) }),
        ...(proxyTo === undefined ? {} : { proxyToBrokerUrl: proxyTo }),
        featureFlags: { supportsAuthRefresh: settings.token !== undefined, supportsBrokerEntryMetadata: true },
      })
      await connection.#login.promise
    } finally {
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
    }
    connection.#keepAlive()
    return connection
  }

  get ended(): PulsarError | undefined {
    return this.#ended
  }

  /** Bytes that wait to be sent. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  onEnd(call: () => void): void {
    if (this.#ended === undefined) this.#onEnd.push(call)
    else call()
  }

  addProducer(end: ProducerEnd): number {
    this.#throwIfEnded()
    const id = this.#nextId++
    this.#producers.set(id, end)
    return id
  }

  removeProducer(id: number): void {
    this.#producers.delete(id)
  }

  addConsumer(end: ConsumerEnd): number {
    this.#throwIfEnded()
    const id = this.#nextId++
    this.#consumers.set(id, end)
    return id
  }

  removeConsumer(id: number): void {
    this.#consumers.delete(id)
  }

  /** A command that is answered. `what` begins the message of its failure. @throws PulsarError */
  async request<Name extends Answer>(
    request: Request,
    fields: object,
    answer: Name,
    what: string,
  ): Promise<CommandOf<Name>> {
    this.#throwIfEnded()
    const requestId = this.#nextId++
    const pending: Pending = { what, answer: new Deferred(), cancelTimer: () => {} }
    this.#pending.set(requestId, pending)
    this.#startTimer(requestId, pending)
    try {
      this.#send(request, { ...fields, requestId })
      const command = await pending.answer.promise
      if (command.name === answer) return command.fields as CommandOf<Name>
      throw new PulsarError('PROTOCOL', `${what}: ${this.where} answered with "${command.name}"`)
    } finally {
      this.#pending.delete(requestId)
      pending.cancelTimer()
    }
  }

  /** A command that is not answered. */
  tell<Name extends 'flow' | 'ack' | 'redeliver'>(name: Name, fields: CommandOf<Name>): void {
    if (this.#ended === undefined) this.#send(name, fields)
  }

  /** The pieces of a frame that is ready: an entry. */
  write(...pieces: readonly Buffer[]): void {
    this.#throwIfEnded()
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }

  /** Reads no more until as many `resume`s have come: what is read and not handed on would only pile up. */
  pause(): void {
    if (this.#paused++ === 0) this.#socket.pause()
  }

  resume(): void {
    if (--this.#paused > 0) return
    this.#heard = true
    this.#socket.resume()
  }

  close(): void {
    this.#end(new PulsarError('CLOSED', 'the connection was closed by us'))
  }

  /** Something was not answered in its time. If nothing at all has come since, the connection is dead, and ends. */
  doubt(sinceMs: number): void {
    if (this.#heardAt >= sinceMs || this.#paused > 0) return
    this.#end(new PulsarError('TIMEOUT', `${this.where} has said nothing for as long as an answer may take`))
  }

  #throwIfEnded(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  #send<Name extends CommandName>(name: Name, fields: CommandOf<Name>): void {
    this.#socket.write(commandFrame(encodeCommand(name, fields)))
  }

  #startTimer(requestId: number, pending: Pending): void {
    pending.cancelTimer()
    const startedAt = this.#host.clock.now()
    pending.cancelTimer = this.#host.clock.after(this.#settings.requestMs, () => {
      this.#pending.delete(requestId)
      pending.answer.reject(
        new PulsarError('TIMEOUT', `${pending.what}: no answer within ${this.#settings.requestMs} ms`),
      )
      this.doubt(startedAt)
    })
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.#host.clock.after(keepAliveMs, () => {
      if (this.#heard || this.#paused > 0) this.#asked = false
      else if (this.#asked) return this.#end(new PulsarError('TIMEOUT', `${this.where} did not answer a ping`))
      else {
        this.#asked = true
        this.#send('ping', {})
      }
      this.#heard = false
      this.#keepAlive()
    })
  }

  #onData(chunk: Buffer): void {
    if (this.#ended !== undefined) return
    this.#heard = true
    this.#heardAt = this.#host.clock.now()
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#end(asPulsarError(error))
    }
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    if (this.#ended !== undefined) return
    const commandAt = start + 4
    const commandEnd = commandAt + buffer.readUInt32BE(start)
    if (commandEnd > end)
      throw new PulsarError('PROTOCOL', `${this.where} sent a command that is longer than its frame`)
    const command = decodeCommand(buffer, commandAt, commandEnd)
    // Watches, statistics and news such as a migrated topic: nothing here asked for them.
    if (command === undefined) return
    switch (command.name) {
      case 'message': {
        const { consumerId = 0, messageId = {}, redeliveryCount = 0, ackSet = [] } = command.fields
        const delivered = { id: messageId, redeliveries: redeliveryCount, ackSet }
        this.#consumers.get(consumerId)?.onEntry(readEntry(delivered, buffer, commandEnd, end))
        return
      }
      case 'sendReceipt':
        this.#producers.get(command.fields.producerId ?? 0)?.onReceipt(command.fields.sequenceId ?? 0)
        return
      case 'sendError': {
        const { producerId = 0, sequenceId = 0, error, message } = command.fields
        this.#producers.get(producerId)?.onRefusal(sequenceId, serverError(error, message, 'not taken'))
        return
      }
      case 'closeProducer':
        return this.#closedByBroker(this.#producers, command.fields.producerId ?? 0, 'producer')
      case 'closeConsumer':
        return this.#closedByBroker(this.#consumers, command.fields.consumerId ?? 0, 'consumer')
      case 'ping':
        return this.#send('pong', {})
      case 'connected':
        return this.#onConnected(command.fields)
      case 'authChallenge':
        return this.#onChallenge()
      default:
        return this.#onAnswer(command)
    }
  }

  #onConnected({ maxMessageSize, serverVersion = '' }: CommandOf<'connected'>): void {
    if (maxMessageSize !== undefined && maxMessageSize > 0)
      this.maxMessageBytes = Math.min(maxMessageSize, maxMessageBytes)
    this.serverVersion = serverVersion
    this.#reader.maxFrameBytes = this.maxMessageBytes + frameMarginBytes
    this.#login.resolve()
  }

  /** A broker asks again when a login is about to expire. The token is still the one of the configuration. */
  #onChallenge(): void {
    const { token } = this.#settings
    this.#send('authResponse', {
      clientVersion: clientVersion(this.#host),
      protocolVersion,
      response: {
        authMethodName: authMethod(this.#settings),
        ...(token === undefined ? {} : { authData: Buffer.from(token) }),
      },
    })
  }

  #onAnswer(command: Command): void {
    if (!('requestId' in command.fields)) return
    const { requestId = 0 } = command.fields
    const pending = this.#pending.get(requestId)
    if (command.name === 'error') {
      const { error, message } = command.fields
      if (pending !== undefined) pending.answer.reject(serverError(error, message, pending.what))
      // Without a request of ours it is about the connection: the login, or one that has expired.
      else this.#end(serverError(error, message, `the login at ${this.where}`))
      return
    }
    if (pending === undefined) return
    // Another producer holds the topic for itself: the real answer comes when it has gone.
    if (command.name === 'producerSuccess' && command.fields.producerReady === false) {
      return this.#startTimer(requestId, pending)
    }
    pending.answer.resolve(command)
  }

  /** The topic moves or was unloaded; the connection stays. */
  #closedByBroker(ends: Map<number, ProducerEnd | ConsumerEnd>, id: number, what: string): void {
    const end = ends.get(id)
    ends.delete(id)
    end?.onClosed(
      new PulsarError('ServiceNotReady', `${this.where} closed the ${what}: its topic moves or is unloaded`),
    )
  }

  #end(error: PulsarError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#cancelKeepAlive()
    this.#socket.destroy()
    this.#login.reject(error)
    for (const { answer, cancelTimer } of this.#pending.values()) {
      cancelTimer()
      answer.reject(error)
    }
    const ends = [...this.#producers.values(), ...this.#consumers.values()]
    this.#producers.clear()
    this.#consumers.clear()
    for (const end of ends) end.onClosed(error)
    for (const call of this.#onEnd.splice(0)) call()
  }
}

function authMethod({ token, tls }: ClientSettings): string {
  if (token !== undefined) return 'token'
  return tls?.cert === undefined ? 'none' : 'tls'
}

function clientVersion({ version }: ClientHost): string {
  return `RobustMQ-v${version}`
}
