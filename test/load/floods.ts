import { publishBlock } from './publish-block.ts'
import { RawClient } from './raw-client.ts'

/** What a flood did. */
export interface Tally {
  /** Publishes that the broker has taken from its sockets. */
  readonly sent: number
  /** To how many subscribers each is owed. */
  readonly fanOut: number
}

/** Load that no subscriber can bear; `prepare` before anything is measured. */
export interface Flood {
  prepare(port: number): Promise<Tally[]>
  /** Publishes until it is told to stop, and until the broker has taken what was sent. */
  run(port: number, signal: AbortSignal): Promise<Tally[]>
  /** Its subscribers read what is left. */
  drain(): void
  /** Takes away by publishes what stays otherwise. */
  clear(port: number): Promise<Tally[]>
  /** Its subscribers leave. */
  end(): Promise<void>
}

interface Publishing {
  readonly clientId: string
  readonly qos: 0 | 1
  readonly payloadBytes: number
  readonly retain?: boolean
  /** Of the nth publish. */
  topic(n: number): string
}

/** Publishes in one block: at QoS 1 the next one goes out when all of it is acknowledged. */
const blockPublishes = 100
const never = new AbortController().signal

async function publishUntil(
  port: number,
  signal: AbortSignal,
  publishing: Publishing,
  most = Infinity,
): Promise<number> {
  await using client = await RawClient.connect(port, publishing.clientId)
  let sent = 0
  while (!signal.aborted && sent < most) {
    await client.send(publishBlock({ ...publishing, first: sent, publishes: blockPublishes }))
    sent += blockPublishes
    if (publishing.qos === 1) await client.acknowledgedAll(sent)
  }
  await client.ping()
  return sent
}

const end = async (clients: readonly RawClient[]): Promise<void> => {
  for (const client of clients) await client[Symbol.asyncDispose]()
}

/** Pairs, each of a publisher as fast as it can be and a subscriber that reads a fraction of that. */
class Overdriven implements Flood {
  readonly #subscribers: RawClient[] = []
  readonly #readBytesPerSecond = 200_000
  readonly #pairs: number

  constructor(pairs: number) {
    this.#pairs = pairs
  }

  async prepare(port: number): Promise<Tally[]> {
    for (let pair = 0; pair < this.#pairs; pair++) {
      const subscriber = await RawClient.connect(port, `overdriven-reader-${pair}`)
      await subscriber.subscribe(`overdriven/${pair}`, qosOf(pair))
      subscriber.readSlowly(this.#readBytesPerSecond)
      this.#subscribers.push(subscriber)
    }
    return []
  }

  async run(port: number, signal: AbortSignal): Promise<Tally[]> {
    const publish = async (pair: number): Promise<Tally> => {
      const topic = () => `overdriven/${pair}`
      const publishing = { clientId: `overdriven-writer-${pair}`, qos: qosOf(pair), payloadBytes: 1_000, topic }
      return { sent: await publishUntil(port, signal, publishing), fanOut: 1 }
    }
    const before = this.#subscribers.map(({ delivered }) => delivered)
    const tallies = await Promise.all(this.#subscribers.map((_, pair) => publish(pair)))
    const drained = this.#subscribers.reduce((sum, { delivered }, pair) => sum + delivered - (before[pair] ?? 0), 0)
    const sent = tallies.reduce((sum, tally) => sum + tally.sent, 0)
    console.log(`  overdriven: ${sent} published while ${drained} were drained`)
    return tallies
  }

  drain(): void {
    for (const subscriber of this.#subscribers) subscriber.thaw()
  }

  async clear(): Promise<Tally[]> {
    return []
  }

  end(): Promise<void> {
    return end(this.#subscribers)
  }
}

/** Subscribers that read nothing at all, and publishers to all of them. */
class Frozen implements Flood {
  readonly #frozen: RawClient[] = []
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  async prepare(port: number): Promise<Tally[]> {
    for (let i = 0; i < this.#count; i++) {
      const client = await RawClient.connect(port, `frozen-${i}`)
      await client.subscribe('frozen/#', qosOf(i))
      client.freeze()
      this.#frozen.push(client)
    }
    return []
  }

  async run(port: number, signal: AbortSignal): Promise<Tally[]> {
    const publish = async (qos: 0 | 1): Promise<Tally> => {
      const topic = () => `frozen/${qos}`
      const publishing = { clientId: `frozen-writer-${qos}`, qos, payloadBytes: 1_000, topic }
      return { sent: await publishUntil(port, signal, publishing), fanOut: this.#count }
    }
    return Promise.all([publish(0), publish(1)])
  }

  drain(): void {
    for (const client of this.#frozen) client.thaw()
  }

  async clear(): Promise<Tally[]> {
    return []
  }

  end(): Promise<void> {
    return end(this.#frozen)
  }
}

/** Topics with a retained value each; then ever more of them, and the old ones written over and over. */
class RetainedFlood implements Flood {
  readonly #topics: number
  #most = 0

  constructor(topics: number) {
    this.#topics = topics
  }

  async prepare(port: number): Promise<Tally[]> {
    const topic = (n: number) => `plant/${n % 100}/${n}`
    const publishing = { clientId: 'retained-writer', qos: 1, retain: true, payloadBytes: 100, topic } as const
    return [{ sent: await publishUntil(port, never, publishing, this.#topics), fanOut: 1 }]
  }

  async run(port: number, signal: AbortSignal): Promise<Tally[]> {
    const more = { clientId: 'retained-more', qos: 1, retain: true, payloadBytes: 400 } as const
    const again = { clientId: 'retained-again', qos: 0, retain: true, payloadBytes: 100 } as const
    const tallies = await Promise.all([
      publishUntil(port, signal, { ...more, topic: n => `more/${n % 100}/${n}` }),
      publishUntil(port, signal, { ...again, topic: n => `plant/${n % 100}/${n % this.#topics}` }),
    ])
    this.#most = tallies[0] ?? 0
    return tallies.map(sent => ({ sent, fanOut: 1 }))
  }

  drain(): void {}

  async clear(port: number): Promise<Tally[]> {
    const clearing = { clientId: 'retained-clearer', qos: 1, retain: true, payloadBytes: 0 } as const
    const plant = { ...clearing, topic: (n: number) => `plant/${n % 100}/${n}` }
    const more = { ...clearing, topic: (n: number) => `more/${n % 100}/${n}` }
    const sent = [
      await publishUntil(port, never, plant, this.#topics),
      await publishUntil(port, never, more, this.#most),
    ]
    return sent.map(publishes => ({ sent: publishes, fanOut: 1 }))
  }

  async end(): Promise<void> {}
}

/** Messages for later, as many as are taken, which all come to one subscriber. */
class DelayedFlood implements Flood {
  readonly #delaySeconds: number
  readonly #subscribers: RawClient[] = []

  constructor(delaySeconds: number) {
    this.#delaySeconds = delaySeconds
  }

  async prepare(port: number): Promise<Tally[]> {
    const subscriber = await RawClient.connect(port, 'delayed-reader')
    await subscriber.subscribe('late/#', 1)
    this.#subscribers.push(subscriber)
    return []
  }

  async run(port: number, signal: AbortSignal): Promise<Tally[]> {
    const publish = async (qos: 0 | 1): Promise<Tally> => {
      const topic = () => `$delayed/${this.#delaySeconds}/late/${qos}`
      const publishing = { clientId: `delayed-writer-${qos}`, qos, payloadBytes: 400, topic }
      return { sent: await publishUntil(port, signal, publishing), fanOut: 1 }
    }
    return Promise.all([publish(0), publish(1)])
  }

  drain(): void {}

  async clear(): Promise<Tally[]> {
    return []
  }

  end(): Promise<void> {
    return end(this.#subscribers)
  }
}

/** Each kind, made for so many of what it has: pairs, subscribers, topics, seconds of delay. */
export const floods = {
  overdriven: (pairs: number) => new Overdriven(pairs),
  frozen: (subscribers: number) => new Frozen(subscribers),
  retained: (topics: number) => new RetainedFlood(topics),
  delayed: (seconds: number) => new DelayedFlood(seconds),
} satisfies Record<string, (size: number) => Flood>

export type FloodName = keyof typeof floods

function qosOf(n: number): 0 | 1 {
  return n % 2 === 0 ? 0 : 1
}
