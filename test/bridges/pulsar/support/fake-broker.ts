import { once } from 'node:events'
import net from 'node:net'
import { commandFrame, FrameReader } from '../../../../bridges/pulsar/client/frame.ts'
import type { Command, CommandName, CommandOf } from '../../../../bridges/pulsar/client/grammar.ts'
import { decodeCommand, encodeCommand } from '../../../../bridges/pulsar/client/protobuf.ts'

type Answers = { [Name in CommandName]?: (fields: CommandOf<Name>, peer: Peer) => void }

/** One client of the fake broker. */
export class Peer {
  readonly socket: net.Socket
  /** What it has said, by name, in order. */
  readonly said: Command[] = []
  readonly #waiting: { name: CommandName; resolve: (command: Command) => void }[] = []

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('error', () => {})
  }

  send<Name extends CommandName>(name: Name, fields: CommandOf<Name>): void {
    this.socket.write(commandFrame(encodeCommand(name, fields)))
  }

  /** The next command of that name. */
  next(name: CommandName): Promise<Command> {
    return new Promise(resolve => this.#waiting.push({ name, resolve }))
  }

  heard(command: Command): void {
    this.said.push(command)
    const index = this.#waiting.findIndex(({ name }) => name === command.name)
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve(command)
  }
}

/** A broker that says what a test has it say: what no real one can be made to do at will. */
export class FakeBroker implements AsyncDisposable {
  readonly peers: Peer[] = []
  readonly #server: net.Server
  readonly #answers: Answers

  private constructor(answers: Answers) {
    this.#answers = answers
    this.#server = net.createServer(socket => this.#serve(socket))
  }

  /** Answers as a broker does that takes everything, but for what `answers` says. */
  static async start(answers: Answers = {}): Promise<FakeBroker> {
    const broker = new FakeBroker(answers)
    broker.#server.listen(0, '127.0.0.1')
    await once(broker.#server, 'listening')
    return broker
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  get url(): string {
    return `pulsar://127.0.0.1:${this.port}`
  }

  /** The next connection. */
  async connected(): Promise<Peer> {
    const count = this.peers.length
    while (this.peers.length === count) await once(this.#server, 'connection')
    return this.peers[count]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.peers) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: net.Socket): void {
    const peer = new Peer(socket)
    this.peers.push(peer)
    const reader = new FrameReader(2 ** 24, (buffer, start) => {
      const command = decodeCommand(buffer, start + 4, start + 4 + buffer.readUInt32BE(start))
      if (command === undefined) return
      this.#answer(command, peer)
      peer.heard(command)
    })
    socket.on('data', chunk => reader.push(chunk as Buffer))
  }

  #answer(command: Command, peer: Peer): void {
    const own = this.#answers[command.name] as ((fields: unknown, peer: Peer) => void) | undefined
    if (own !== undefined) return own(command.fields, peer)
    const requestId = 'requestId' in command.fields ? (command.fields.requestId ?? 0) : 0
    if (command.name === 'connect') peer.send('connected', { serverVersion: 'fake', protocolVersion: 19 })
    if (command.name === 'partitionedMetadata') {
      peer.send('partitionedMetadataResponse', { requestId, response: 0, partitions: 0 })
    }
    if (command.name === 'lookup') {
      peer.send('lookupResponse', { requestId, response: 1, brokerServiceUrl: this.url, authoritative: true })
    }
    if (command.name === 'producer') peer.send('producerSuccess', { requestId, producerName: 'fake-1' })
    if (command.name === 'send') {
      const { producerId = 0, sequenceId = 0 } = command.fields
      peer.send('sendReceipt', { producerId, sequenceId, messageId: { ledgerId: 1n, entryId: BigInt(sequenceId) } })
    }
    if (command.name === 'ack') peer.send('ackResponse', { requestId, consumerId: command.fields.consumerId ?? 0 })
    if (['subscribe', 'closeProducer', 'closeConsumer'].includes(command.name)) peer.send('success', { requestId })
  }
}
