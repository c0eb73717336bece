import { type ClientHost, type ClientOptions, SimulatedClient } from './client.ts'
import { never, type Qos } from './history.ts'
import type { World } from './world.ts'

export type Role = 'publisher' | 'subscriber' | 'member' | 'watcher' | 'mourner'

export const watcherId = 'watcher'
const topics = ['t/0', 't/1', 't/2']
export const retainedTopics = ['r/0', 'r/1', 't/0', 't/1']
const filters = ['t/#', 't/+', 't/0', 't/1', 't/2', '+/0']

interface Actor {
  readonly role: Role
  readonly client: SimulatedClient
  /** It keeps what it subscribed to, and its session. */
  readonly steady: boolean
}

/** All clients of one story, and what they do. */
export class Cast {
  readonly #host: ClientHost
  readonly #world: World
  readonly #actors: Actor[] = []
  #calm = false
  #readers = 0

  constructor(host: ClientHost) {
    this.#host = host
    this.#world = host.world
    const { random } = host.world
    const expiry = () => (random.chance(0.7) ? never : random.integer(2, 8))
    const durable = () => (random.chance(0.5) ? ({ version: 4, expirySeconds: never } as const) : v5(expiry()))
    this.#add('watcher', watcherId, { ...v5(never), answerMs: 10 }, true)
    for (let i = random.integer(1, 2); i > 0; i--) this.#add('publisher', `pub-${i}`, { ...durable(), answerMs: 10 })
    for (let i = random.integer(1, 3); i > 0; i--) {
      const kept = random.chance(0.75)
        ? durable()
        : random.chance(0.5)
          ? v5(0)
          : ({ version: 4, expirySeconds: 0 } as const)
      this.#add('subscriber', `sub-${i}`, { ...kept, answerMs: random.integer(1, 200) })
    }
    this.#add('member', 'member-1', { version: random.chance(0.5) ? 4 : 5, expirySeconds: never, answerMs: 20 }, true)
    if (random.chance(0.7)) this.#add('member', 'member-2', { ...durable(), answerMs: random.integer(1, 100) })
    for (let i = random.integer(1, 2); i > 0; i--) {
      const kept = random.chance(0.6) ? durable() : v5(0)
      this.#add('mourner', `will-${i}`, { ...kept, answerMs: 10 })
    }
  }

  /** Everybody acts until it is time to settle. */
  async act(): Promise<void> {
    await this.#begin()
    await Promise.all([...this.#actors.map(actor => this.#live(actor)), this.#readNow()])
  }

  get calmed(): boolean {
    return this.#calm
  }

  /** From now on nobody begins anything. */
  calm(): void {
    this.#calm = true
  }

  /** Everybody is there, and owes nothing. */
  async settle(): Promise<void> {
    for (const { client } of this.#actors) client.recover()
    const settled = await this.#world.until(() => {
      for (const actor of this.#actors) if (!actor.client.connecting) this.#connect(actor, false)
      return this.#actors.every(({ client }) => client.connected && client.publishes.size === 0 && !client.asking)
    }, 60_000)
    if (!settled) throw new Error('clients and broker do not come to an end with what is in flight')
  }

  /** What every session is subscribed to shows in what it has of these. */
  async probe(): Promise<void> {
    const publisher = this.#actors.find(({ role }) => role === 'publisher')
    for (const topic of topics) if (publisher) this.#publish(publisher.client, topic, 2, false)
    await this.settle()
  }

  /** Asks for all that is retained. */
  async read(): Promise<void> {
    const { random } = this.#world
    const id = `reader-${++this.#readers}`
    const version = random.chance(0.5) ? 4 : 5
    const reader = new SimulatedClient({ id, version, expirySeconds: 0, answerMs: 5 }, this.#host)
    reader.connect()
    if (!(await this.#world.until(() => reader.connected, 500))) return reader.cut(0)
    reader.ask(['r/#', 't/#'].map(filter => ({ filter, qos: 0, rh: 0 })))
    if (!(await this.#world.until(() => !reader.asking, 2_000))) return reader.cut(0)
    const { incarnation } = reader
    const [first] = incarnation?.requests ?? []
    // What does not fit is sent when the rest was read.
    const ponged = reader.ping().then(() => this.#world.sleep(100))
    const done = await Promise.race([ponged.then(() => true), this.#world.sleep(2_000).then(() => false)])
    if (incarnation && first && done && reader.connected) {
      const retained = incarnation.deliveries.filter(({ retain }) => retain)
      const found = new Map(retained.map(({ topic, serial }) => [topic, serial]))
      this.#host.history.readings.push({ askedAt: first.askedAt, doneAt: first.sureAt, found })
    }
    reader.disconnect()
  }

  /** Those who are to miss nothing are there before there is anything. */
  async #begin(): Promise<void> {
    const early = this.#actors.filter(
      ({ client }) => client.options.id === watcherId || client.options.id === 'member-1',
    )
    const ready = await this.#world.until(() => {
      for (const actor of early) {
        if (!actor.client.connecting) this.#connect(actor, false)
        else if (actor.client.connected && !actor.client.asking) this.#introduce(actor)
      }
      return early.every(({ client }) => client.subscribed)
    }, 60_000)
    if (!ready) throw new Error('nobody can subscribe')
  }

  /** What it subscribes to once and for all. */
  #introduce({ client, role }: Actor): void {
    if (client.subscribed) return
    if (role === 'watcher') client.ask(['w/#', 'd/#'].map(filter => ({ filter, qos: 2 })))
    if (role === 'member') client.ask([{ filter: '$share/g/t/#', qos: 2 }])
  }

  #add(role: Role, id: string, options: Omit<ClientOptions, 'id'>, steady = false): void {
    this.#actors.push({ role, steady, client: new SimulatedClient({ id, ...options }, this.#host) })
  }

  async #readNow(): Promise<void> {
    const { random } = this.#world
    while (!this.#calm) {
      await this.#world.sleep(random.integer(50, 1_500))
      if (!this.#calm) await this.read()
    }
  }

  async #live(actor: Actor): Promise<void> {
    const { random } = this.#world
    const { client } = actor
    while (!this.#calm) {
      await this.#world.sleep(random.chance(0.03) ? random.integer(1_000, 9_000) : random.integer(1, 60))
      if (this.#calm) return
      if (!client.connecting) this.#connect(actor, !actor.steady && random.chance(0.04))
      else if (client.connected) this.#doSomething(actor)
    }
  }

  #connect({ role, client }: Actor, clean: boolean): void {
    const { random } = this.#world
    const will =
      role === 'mourner' && !this.#calm
        ? { topic: `w/${client.options.id}`, qos: random.integer(1, 2) as Qos, delaySeconds: random.integer(0, 2) * 2 }
        : undefined
    client.connect({ clean, ...(will && { will }) })
  }

  #doSomething(actor: Actor): void {
    const { random } = this.#world
    const { client, role, steady } = actor
    this.#introduce(actor)
    const die = random.next()
    if (die < 0.02) return client.cut(random.chance(0.3) ? random.integer(0, 3_000) : random.integer(0, 30))
    if (die < 0.03) return client.disconnect()
    if (die < 0.04) return this.#connect(actor, !steady && random.chance(0.2))
    if (die < 0.06) return this.#stall(client)
    if (role === 'publisher') return this.#publishSomething(client)
    if (role === 'mourner' && die < 0.3)
      return random.chance(0.7) ? client.cut(random.integer(0, 300)) : client.disconnect()
    if (role === 'subscriber' && die < 0.3) return this.#ask(client)
    if (role === 'member' && !steady && die < 0.15) {
      client.ask([{ filter: '$share/g/t/#', qos: random.chance(0.5) ? 2 : undefined }])
    }
  }

  #stall(client: SimulatedClient): void {
    client.stalled = true
    this.#world.after(this.#world.random.integer(50, 1_500), () => client.recover())
  }

  #ask(client: SimulatedClient): void {
    const { random } = this.#world
    const filter = filters[random.integer(0, filters.length - 1)] as string
    if (random.chance(0.3)) return client.ask([{ filter, qos: undefined }])
    client.ask([{ filter, qos: random.integer(0, 2) as Qos, rh: random.integer(0, 2) as 0 | 1 | 2 }])
  }

  #publishSomething(client: SimulatedClient): void {
    const { random } = this.#world
    for (let left = random.chance(0.2) ? random.integer(2, 6) : 1; left > 0; left--) {
      const die = random.next()
      const qos = random.integer(0, 2) as Qos
      if (die < 0.1)
        this.#publish(client, `d/${random.integer(0, 1)}`, qos === 0 ? 1 : qos, false, random.integer(0, 4))
      else if (die < 0.25) this.#publish(client, `r/${random.integer(0, 1)}`, qos, true)
      else this.#publish(client, topics[random.integer(0, 2)] as string, qos, random.chance(0.1))
    }
  }

  #publish(client: SimulatedClient, topic: string, qos: Qos, retain: boolean, delaySeconds?: number): void {
    if (client.publishes.full || !client.connected) return
    const { random } = this.#world
    const clears = retain && topic.startsWith('r/') && random.chance(0.25)
    // Even without a delay it comes later, by way of the schedule.
    const delayMs = delaySeconds === undefined ? 0 : Math.max(1, delaySeconds * 1_000)
    const publisher = client.options.id
    const sent = this.#host.history.publish({
      publisher,
      topic,
      qos,
      retain,
      clears,
      delayMs,
    })
    const bytes = random.chance(0.15) ? random.integer(10, 1_500) : 0
    const payload = Buffer.from(clears ? '' : `${sent.serial}`.padEnd(bytes, ' '))
    client.publish(sent, delaySeconds === undefined ? topic : `$delayed/${delaySeconds}/${topic}`, payload)
  }
}

function v5(expirySeconds: number): { version: 5; expirySeconds: number } {
  return { version: 5, expirySeconds }
}
