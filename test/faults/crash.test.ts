import { expect, test } from 'vitest'
import type { TestBroker } from '../support/broker.ts'
import { Random } from '../support/random.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { unsynced } from '../support/unsynced-disk.ts'
import type { Wire } from '../support/wire.ts'
import { durable, startOn } from './disk-broker.ts'
import { ExactPublisher, ExactSubscriber } from './exact-clients.ts'

const seeds = Number(process.env.CRASH_SEEDS ?? 50)
const crashesPerSeed = 2

test(`what was acknowledged is delivered, once at QoS 2, in order, through ${seeds} seeds of ${crashesPerSeed} losses of power [hostile 39]`, async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await new Life(seed, 'honest').live()
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
}, 180_000)

test('the same check finds the loss when nothing is synced', async () => {
  let found = 0
  for (let seed = 1; seed <= 10; seed++) await new Life(seed, 'lying').live().catch(() => found++)
  expect(found).toBeGreaterThan(5)
}, 120_000)

/** Due at once, but by way of the schedule and its table; arrives at t/later. */
const delayedTopic = '$delayed/0/t/later'

/** One broker's life: it works, its power is cut, it starts again on what is left; at last all is counted. */
class Life {
  readonly #random: Random
  readonly #kind: 'honest' | 'lying'
  readonly #publisher = new ExactPublisher()
  readonly #subscriber = new ExactSubscriber()
  /** The only member of a shared group. */
  readonly #member = new ExactSubscriber()
  /** Filters as the last acknowledged request left them. */
  readonly #kept = new Map<string, boolean>()
  /** Filters whose last request was not acknowledged: either way is right. */
  readonly #open = new Set<string>()
  #disk: SimulatedDisk
  #broker!: TestBroker
  #wires: Wire[] = []
  #subscribing: Wire | undefined
  #sharing: Wire | undefined
  #serial = 0
  #requestId = 1
  #introduced = false

  constructor(seed: number, kind: 'honest' | 'lying') {
    this.#random = new Random(seed)
    this.#disk = new SimulatedDisk(seed)
    this.#kind = kind
  }

  async live(): Promise<void> {
    for (let crash = 0; crash < crashesPerSeed; crash++) {
      await this.#begin()
      this.#disk.operationsLeft = this.#random.integer(1, 250)
      const work = this.#work()
      await Promise.race([this.#disk.died, work])
      this.#disk.kill()
      await this.#cutPower(work)
    }
    this.#answers(() => true)
    await this.#begin()
    try {
      await withinSeconds(10, this.#settle())
      this.#check()
    } finally {
      for (const wire of this.#wires) await wire[Symbol.asyncDispose]()
      await this.#broker.kernel.close()
    }
  }

  async #begin(): Promise<void> {
    this.#broker = await startOn(this.#kind === 'lying' ? unsynced(this.#disk) : this.#disk)
    await this.#checkRetained()
    const publisher = await this.#connect('publisher')
    this.#publisher.attach(publisher)
    await this.#attachSubscriber()
    await this.#attachMember()
    if (this.#introduced) return
    await this.#request('subscribe', 't/#')
    this.#introduced = true
  }

  async #attachSubscriber(): Promise<void> {
    this.#subscribing = await this.#connect('subscriber')
    this.#subscriber.attach(this.#subscribing)
  }

  async #attachMember(): Promise<void> {
    this.#sharing = await this.#connect('member')
    if (!this.#introduced) await this.#sharing.subscribe('$share/g/t/#', { qos: 2 })
    this.#member.attach(this.#sharing)
  }

  #answers(answers: () => boolean): void {
    for (const one of [this.#subscriber, this.#member]) one.answers = answers
  }

  async #connect(clientId: string): Promise<Wire> {
    const wire = await durable(this.#broker, clientId)
    this.#wires.push(wire)
    const connack = wire.received[0] as { sessionPresent?: boolean }
    if (this.#introduced && !connack.sessionPresent) throw new Error(`the session of ${clientId} is lost`)
    return wire
  }

  async #work(): Promise<void> {
    const random = this.#random
    const disk = this.#disk
    this.#answers(() => random.chance(0.7))
    for (let step = 0; step < 120 && !disk.dead; step++) {
      const dice = random.next()
      if (dice < 0.6) this.#publish()
      else if (dice < 0.65) this.#subscriber.answer()
      else if (dice < 0.7) this.#member.answer()
      else if (dice < 0.8)
        void this.#request(random.chance(0.6) ? 'subscribe' : 'unsubscribe', `x/${random.integer(0, 5)}`)
      else if (dice < 0.85) await this.#reconnect()
      for (let turns = random.integer(0, 3); turns > 0 && !disk.dead; turns--) await turn()
    }
  }

  #publish(): void {
    if (this.#publisher.open > 200) return
    const random = this.#random
    const qos = random.integer(0, 2) as 0 | 1 | 2
    const retain = random.chance(0.2)
    const topic = retain ? `r/${random.integer(0, 2)}` : `t/${random.integer(0, 2)}`
    if (random.chance(0.1)) return this.#publisher.publish(delayedTopic, `${++this.#serial}`, 1)
    const bytes = random.chance(0.2) ? random.integer(10, 4_000) : 0
    this.#publisher.publish(topic, `${++this.#serial}`.padEnd(bytes), retain ? 1 : qos, retain)
  }

  async #reconnect(): Promise<void> {
    const isMember = this.#random.chance(0.5)
    await (isMember ? this.#sharing : this.#subscribing)?.drop()
    if (this.#disk.dead) return
    const attached = isMember ? this.#attachMember() : this.#attachSubscriber()
    await Promise.race([this.#disk.died, attached.catch(error => this.#unlessDead(error))])
  }

  #unlessDead(error: unknown): void {
    if (!this.#disk.dead) throw error
  }

  /** Subscribes or unsubscribes; resolves with its acknowledgement. */
  #request(what: 'subscribe' | 'unsubscribe', filter: string): Promise<void> {
    const messageId = ++this.#requestId
    const wire = this.#subscribing
    this.#open.add(filter)
    return new Promise(resolve => {
      this.#subscriber.suback.set(messageId, packet => {
        const [code = 0] = (packet as unknown as { granted?: number[] }).granted ?? []
        if (code < 0x80) this.#kept.set(filter, what === 'subscribe')
        // Only the newest request of a filter settles what is right.
        if ([...this.#asked].findLast(([, asked]) => asked === filter)?.[0] === messageId) this.#open.delete(filter)
        resolve()
      })
      this.#asked.set(messageId, filter)
      const options = { qos: 2, nl: false, rap: false, rh: 2 } as const
      if (what === 'subscribe')
        wire?.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic: filter, ...options }] })
      else wire?.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [filter] })
    })
  }
  readonly #asked = new Map<number, string>()

  async #cutPower(work: Promise<void>): Promise<void> {
    for (const wire of this.#wires.splice(0)) await wire[Symbol.asyncDispose]()
    await work
    for (const wire of this.#wires.splice(0)) await wire[Symbol.asyncDispose]()
    // It never ends: its disk is dead. Its listeners do.
    void this.#broker.kernel.close()
    await turn()
    this.#disk = this.#disk.crash()
  }

  /** A retained message is the last acknowledged one, or one that was published after it. */
  async #checkRetained(): Promise<void> {
    if (!this.#introduced) return
    const reader = await this.#broker.wire()
    await reader.connect()
    await reader.subscribe('r/#')
    await reader.ping()
    const found = new Map(
      reader.received.flatMap(one => (one.cmd === 'publish' ? [[one.topic, Number(one.text)]] : [])),
    )
    await reader.drop()
    for (const topic of ['r/0', 'r/1', 'r/2']) {
      const sent = this.#publisher.sent.filter(one => one.topic === topic).map(({ text }) => text)
      const last = Math.max(0, ...sent.filter(text => this.#publisher.acknowledged.has(text)).map(Number))
      if ((found.get(topic) ?? 0) < last)
        throw new Error(`retained ${topic} is ${found.get(topic)}, ${last} was acknowledged`)
    }
  }

  async #settle(): Promise<void> {
    this.#subscriber.answer()
    this.#member.answer()
    await this.#publisher.done()
    for (let i = 0; i <= 5; i++) this.#publisher.publish(`x/${i}`, `x${i}`, 1)
    this.#publisher.publish('t/end', 'end', 2)
    await this.#publisher.done()
    const delayed = this.#publisher.sent.flatMap(({ topic, text }) => (topic === delayedTopic ? [text] : []))
    for (const text of ['end', ...delayed]) await Promise.all([this.#subscriber.had(text), this.#member.had(text)])
  }

  #check(): void {
    expect(this.#publisher.refused).toBe(0)
    this.#checkDeliveries(this.#subscriber)
    this.#checkDeliveries(this.#member)
    for (const topic of ['t/0', 't/1', 't/2']) this.#checkOrder(this.#subscriber, topic)
    const texts = new Set(this.#subscriber.taken.map(({ text }) => text))
    for (const [filter, kept] of this.#kept) {
      if (!filter.startsWith('x/') || this.#open.has(filter)) continue
      const got = texts.has(filter.replace('/', ''))
      if (got !== kept) throw new Error(`${filter}: acknowledged as ${kept ? 'kept' : 'ended'}, but it is not`)
    }
  }

  #checkDeliveries({ taken }: ExactSubscriber): void {
    const times = new Map<string, number>()
    for (const { text } of taken) times.set(text, (times.get(text) ?? 0) + 1)
    for (const { topic, text, qos } of this.#publisher.sent) {
      if ((!topic.startsWith('t/') && topic !== delayedTopic) || qos === 0) continue
      const count = times.get(text) ?? 0
      if (count === 0) throw new Error(`message ${text.trim()} at QoS ${qos} was acknowledged and is lost`)
      if (qos === 2 && count > 1) throw new Error(`message ${text.trim()} at QoS 2 came ${count} times`)
    }
  }

  /** Of messages that came again, their first arrival counts. Shared subscriptions promise no order. [MQTT-4.6.0-6] */
  #checkOrder({ taken }: ExactSubscriber, topic: string): void {
    const first = new Set(taken.flatMap(one => (one.topic === topic && one.qos > 0 ? [Number(one.text)] : [])))
    expect([...first]).toEqual([...first].sort((a, b) => a - b))
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

async function withinSeconds(seconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('what is owed does not come')), seconds * 1_000)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
