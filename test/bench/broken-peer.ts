import net, { type Socket } from 'node:net'
import mqttConnection, { type IPublishPacket, type Packet } from 'mqtt-packet'

/** What the peer does to the messages of each publisher, by their place among them: the last digit of the sequence number. */
export interface Faults {
  /** Not passed on. */
  readonly lose?: readonly number[]
  /** Passed on twice. */
  readonly repeat?: readonly number[]
  /** Passed on after the next one. */
  readonly delay?: readonly number[]
}

/** A broker for clients of one topic each, which breaks its promises as it is told to, and counts how often. */
export class BrokenPeer implements AsyncDisposable {
  readonly done = { lost: 0, repeated: 0, delayed: 0, received: 0 }
  readonly #faults: Faults
  readonly #server = net.createServer(socket => this.#serve(socket))
  readonly #subscribers = new Map<string, Socket>()
  readonly #sockets = new Set<Socket>()
  readonly #held = new Map<string, IPublishPacket>()
  /** Faults end with this many messages, so that a publisher's window is never used up by what is lost. */
  readonly #faultyMessages: number

  constructor(faults: Faults, faultyMessages: number) {
    this.#faults = faults
    this.#faultyMessages = faultyMessages
  }

  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as net.AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const parser = mqttConnection.parser({ protocolVersion: 4 })
    parser.on('packet', packet => this.#answer(socket, packet))
    socket.on('data', chunk => parser.parse(chunk))
    socket.on('error', () => {})
  }

  #answer(socket: Socket, packet: Packet): void {
    if (packet.cmd === 'connect') send(socket, { cmd: 'connack', returnCode: 0, sessionPresent: false })
    if (packet.cmd === 'subscribe') {
      for (const { topic } of packet.subscriptions) this.#subscribers.set(topic, socket)
      send(socket, { cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 0) })
    }
    if (packet.cmd === 'publish') this.#pass(packet)
  }

  #pass(packet: IPublishPacket): void {
    const subscriber = this.#subscribers.get(packet.topic)
    if (subscriber === undefined) return
    this.done.received += 1
    const sequence = (packet.payload as Buffer).readUInt32LE(12)
    const place = sequence < this.#faultyMessages ? sequence % 10 : -1
    const { lose = [], repeat = [], delay = [] } = this.#faults
    if (delay.includes(place)) {
      this.done.delayed += 1
      this.#held.set(packet.topic, packet)
      return
    }
    if (lose.includes(place)) this.done.lost += 1
    else send(subscriber, packet)
    if (repeat.includes(place)) {
      this.done.repeated += 1
      send(subscriber, packet)
    }
    const held = this.#held.get(packet.topic)
    this.#held.delete(packet.topic)
    if (held !== undefined) send(subscriber, held)
  }
}

function send(socket: Socket, packet: Packet): void {
  socket.write(mqttConnection.generate(packet, { protocolVersion: 4 }))
}
