import type { Received, ReceivedOf, Wire } from '../support/wire.ts'

/** Reads what comes until the connection is over. */
async function pump(wire: Wire, take: (packet: Received) => void): Promise<void> {
  for (;;) {
    let packet: Received
    try {
      packet = await wire.next()
    } catch {
      return
    }
    take(packet)
  }
}

interface InFlight {
  readonly topic: string
  readonly text: string
  readonly qos: 1 | 2
  readonly retain: boolean
  released: boolean
}

/** A publisher that forgets nothing: what is not acknowledged it repeats under the same identifier, in the old order. */
export class ExactPublisher {
  readonly acknowledged = new Set<string>()
  readonly sent: {
    readonly topic: string
    readonly text: string
    readonly qos: 0 | 1 | 2
    readonly retain: boolean
  }[] = []
  refused = 0
  /** Told of each acknowledgement. */
  onAcknowledged: () => void = () => {}
  #wire: Wire | undefined
  #inFlight = new Map<number, InFlight>()
  #lastId = 0
  #idle: (() => void)[] = []

  /** After CONNACK. */
  attach(wire: Wire): void {
    this.#wire = wire
    void pump(wire, packet => this.#take(packet))
    for (const [messageId, { topic, text, qos, retain, released }] of this.#inFlight) {
      if (released) wire.send({ cmd: 'pubrel', messageId })
      else wire.sendPublish(topic, text, { qos, retain, messageId, dup: true })
    }
  }

  get open(): number {
    return this.#inFlight.size
  }

  publish(topic: string, text: string, qos: 0 | 1 | 2, retain = false): void {
    this.sent.push({ topic, text, qos, retain })
    if (qos === 0) return void this.#wire?.sendPublish(topic, text, { retain })
    do this.#lastId = (this.#lastId % 65_535) + 1
    while (this.#inFlight.has(this.#lastId))
    this.#inFlight.set(this.#lastId, { topic, text, qos, retain, released: false })
    this.#wire?.sendPublish(topic, text, { qos, retain, messageId: this.#lastId })
  }

  /** All is acknowledged and completed. */
  async done(): Promise<void> {
    while (this.#inFlight.size > 0) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #take(packet: Received): void {
    const messageId = packet.messageId ?? 0
    const flight = this.#inFlight.get(messageId)
    if (!flight) return
    const reasonCode = (packet as { reasonCode?: number }).reasonCode ?? 0
    if (packet.cmd === 'puback' || packet.cmd === 'pubrec') {
      if (reasonCode >= 0x80) this.refused++
      else {
        this.acknowledged.add(flight.text)
        this.onAcknowledged()
      }
      if (packet.cmd === 'puback' || reasonCode >= 0x80) this.#inFlight.delete(messageId)
      else {
        flight.released = true
        this.#wire?.send({ cmd: 'pubrel', messageId })
      }
    } else if (packet.cmd === 'pubcomp') this.#inFlight.delete(messageId)
    if (this.#inFlight.size === 0) for (const wake of this.#idle.splice(0)) wake()
  }
}

/** A subscriber that knows what it has had: identifiers of QoS 2 are remembered through every crash of the broker. */
export class ExactSubscriber {
  /** Every message it took for a new one, in order. */
  readonly taken: { readonly topic: string; readonly text: string; readonly qos: number }[] = []
  /** How soon it answers: asked for each packet. */
  answers: () => boolean = () => true
  readonly suback = new Map<number, (packet: Received) => void>()
  #wire: Wire | undefined
  #held = new Set<number>()
  #owed: (() => void)[] = []
  #waiting: { readonly text: string; readonly resolve: () => void }[] = []

  attach(wire: Wire): void {
    this.#wire = wire
    this.#owed = []
    void pump(wire, packet => this.#take(packet))
  }

  /** Answers what it left unanswered. */
  answer(): void {
    for (const owed of this.#owed.splice(0)) owed()
  }

  /** Resolves when this message was taken. */
  had(text: string): Promise<void> {
    if (this.taken.some(one => one.text === text)) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ text, resolve }))
  }

  #take(packet: Received): void {
    if (packet.cmd === 'publish') return this.#publish(packet)
    const { messageId } = packet
    if (packet.cmd === 'pubrel') {
      this.#soon(() => {
        this.#held.delete(messageId as number)
        this.#wire?.send({ cmd: 'pubcomp', messageId: messageId as number })
      })
    } else if (packet.cmd === 'suback' || packet.cmd === 'unsuback') this.suback.get(messageId as number)?.(packet)
  }

  #publish({ topic, text, qos, messageId = 0 }: ReceivedOf<'publish'>): void {
    if (qos !== 2 || !this.#held.has(messageId)) {
      this.taken.push({ topic, text, qos })
      this.#waiting = this.#waiting.filter(one => {
        if (one.text === text) one.resolve()
        return one.text !== text
      })
    }
    if (qos === 0) return
    if (qos === 2) this.#held.add(messageId)
    this.#soon(() => this.#wire?.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId }))
  }

  #soon(work: () => void): void {
    if (this.answers()) work()
    else this.#owed.push(work)
  }
}
