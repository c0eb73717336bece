import { expect } from 'vitest'
import type { Kernel } from '../../kernel/index.ts'
import { type BrokerOptions, startBroker, type TestBroker } from '../support/broker.ts'
import { type ConnectOptions, type Version, type Wire, type WireOptions, wire } from '../support/wire.ts'

export type Transport = 'tcp' | 'ws' | 'tls' | 'wss'

/** The transports on which bytes are tried. */
export const transports = ['tcp', 'ws'] as const

/** What must be where it was once an attacker is gone. */
const watched = [
  'net_connections',
  'sessions',
  'sessions_connected',
  'bindings',
  'queued_messages',
  'queued_message_bytes',
  'queued_bytes',
  'unsettled_messages',
  'spool_references',
  'retained_messages',
  'retained_bytes',
  'delayed_messages',
  'delayed_bytes',
] as const

export type Counts = Readonly<Record<string, number>>

/** The sum of a counter or gauge over all its labels, or over those that are given. */
export function count(kernel: Kernel, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0
  for (const one of kernel.counters.all()) {
    const fits = one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value)
    if (fits) sum += one.value
  }
  return sum
}

export function countsOf(kernel: Kernel): Counts {
  return Object.fromEntries(watched.map(name => [name, count(kernel, name)]))
}

/** A broker in which two well-behaved clients live, who must never notice what others do. */
export class House implements AsyncDisposable {
  readonly broker: TestBroker
  readonly #sender: Wire
  readonly #watcher: Wire
  readonly #before: Counts
  readonly #guests: Wire[] = []
  #serial = 0

  constructor(broker: TestBroker, sender: Wire, watcher: Wire) {
    this.broker = broker
    this.#sender = sender
    this.#watcher = watcher
    this.#before = countsOf(broker.kernel)
  }

  get kernel(): Kernel {
    return this.broker.kernel
  }

  /** A raw client, connected but silent. */
  async wire(transport: Transport = 'tcp', options: WireOptions = {}): Promise<Wire> {
    const { broker } = this
    const guest = await wire(broker.portOf(transport), {
      version: 5,
      transport,
      ca: broker.ca,
      timeoutMs: 15_000,
      ...options,
    })
    this.#guests.push(guest)
    return guest
  }

  /** A client that was let in. */
  async client(transport: Transport = 'tcp', options: ConnectOptions = {}): Promise<Wire> {
    const guest = await this.wire(transport, { version: options.version ?? 5 })
    const { reasonCode, returnCode } = await guest.connect(options)
    expect(reasonCode ?? returnCode).toBe(0)
    return guest
  }

  /**
   * All guests leave; the healthy pair exchanges a message at each QoS, and everything countable is back where it was.
   * Round trips are waited for, never time. `expected`: counts that differ, or undefined where any will do.
   */
  async intact(expected: Readonly<Record<string, number | undefined>> = {}, limitMs?: number): Promise<void> {
    for (const guest of this.#guests.splice(0)) await guest[Symbol.asyncDispose]()
    for (const qos of [0, 1, 2] as const) {
      const payload = `${++this.#serial}`
      await this.#sender.publish('house/t', payload, { qos })
      const [message] = await this.#watcher.collect(1)
      expect([message?.topic, message?.text, message?.qos]).toEqual(['house/t', payload, qos])
    }
    const wanted = Object.entries({ ...this.#before, ...expected }).filter(([, value]) => value !== undefined)
    const found = () => {
      const counts = countsOf(this.kernel)
      return wanted.map(([name]) => [name, counts[name]])
    }
    await this.until(() => found().every(([, value], i) => value === wanted[i]?.[1]), limitMs)
    expect(found()).toEqual(wanted)
    // A house may stand for long: what its own two heard is no longer of interest.
    for (const one of [this.#sender, this.#watcher]) one.received.length = 0
  }

  /** Round trips of a healthy client until it is so; gives up after a while, for the assertion that follows to say why. */
  async until(isSo: () => boolean, limitMs = 5_000): Promise<void> {
    const end = Date.now() + limitMs
    while (!isSo() && Date.now() < end) await this.#sender.ping()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const guest of this.#guests) await guest[Symbol.asyncDispose]()
    await this.#sender[Symbol.asyncDispose]()
    await this.#watcher[Symbol.asyncDispose]()
    await this.broker[Symbol.asyncDispose]()
  }
}

/** `healthy`: what the healthy pair connects with. */
export async function openHouse(options: BrokerOptions = {}, healthy: ConnectOptions = {}): Promise<House> {
  const broker = await startBroker({ websocket: true, ...options })
  const enter = async (clientId: string, version: Version) => {
    const one = await broker.wire({ version })
    const { reasonCode, returnCode } = await one.connect({ ...healthy, version, clientId })
    expect(reasonCode ?? returnCode).toBe(0)
    return one
  }
  const watcher = await enter('house-watcher', 5)
  await watcher.subscribe('house/t', { qos: 2 })
  return new House(broker, await enter('house-sender', 4), watcher)
}

/** The reason code of the DISCONNECT or CONNACK that ends a connection; undefined when it ends without a word. */
export async function lastCode(client: Wire): Promise<number | undefined> {
  return (await client.closed()).reasonCode
}
