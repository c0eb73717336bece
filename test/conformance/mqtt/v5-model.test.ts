import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matches } from '../../../kernel/routing/topic.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { ReceivedOf, Wire } from '../../support/wire.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { resident, resident3 } from './clients.ts'
import { cut } from './cut.ts'

/** What random clients do to each other, held against the plainest statement of who must get what. */

const names = ['a', 'b', 'old'] as const
type Name = (typeof names)[number]
type Qos = 0 | 1 | 2

interface Subscription {
  readonly qos: Qos
  readonly nl: boolean
  readonly rap: boolean
  readonly rh: 0 | 1 | 2
  readonly identifier: number | undefined
}

interface Sent {
  readonly topic: string
  readonly text: string
  readonly qos: number
  readonly retain: boolean
  readonly identifiers: readonly number[]
}

class Model {
  readonly subscriptions = new Map<Name, Map<string, Subscription>>(names.map(name => [name, new Map()]))
  readonly waiting = new Map<Name, Sent[]>(names.map(name => [name, []]))
  readonly retained = new Map<string, { text: string; qos: Qos; from: Name }>()

  publish(from: Name, topic: string, text: string, qos: Qos, retain: boolean, online: (name: Name) => boolean): void {
    if (retain && text === '') this.retained.delete(topic)
    else if (retain) this.retained.set(topic, { text, qos, from })
    for (const name of names) {
      const all = [...this.subscriptions.get(name)!]
      const matching = all.filter(([filter, { nl }]) => matches(filter, topic) && !(nl && name === from))
      if (matching.length === 0) continue
      const granted = Math.max(...matching.map(([, one]) => one.qos))
      const delivered = Math.min(qos, granted)
      if (delivered === 0 && !online(name)) continue
      const identifiers = matching.flatMap(([, { identifier }]) => identifier ?? []).sort((x, y) => x - y)
      const flag = retain && matching.some(([, { rap }]) => rap)
      this.waiting.get(name)!.push({ topic, text, qos: delivered, retain: flag, identifiers })
    }
  }

  subscribe(name: Name, filter: string, subscription: Subscription): void {
    const { qos, nl, rh, identifier } = subscription
    const existed = this.subscriptions.get(name)!.has(filter)
    this.subscriptions.get(name)!.set(filter, subscription)
    if (rh === 2 || (rh === 1 && existed)) return
    for (const [topic, message] of this.retained) {
      if (!matches(filter, topic) || (nl && message.from === name)) continue
      const identifiers = identifier === undefined ? [] : [identifier]
      const delivered = Math.min(qos, message.qos)
      this.waiting.get(name)!.push({ topic, text: message.text, qos: delivered, retain: true, identifiers })
    }
  }

  forget(name: Name): void {
    this.subscriptions.get(name)!.clear()
    this.waiting.set(name, [])
  }
}

class Run {
  readonly model = new Model()
  readonly wires = new Map<Name, Wire>()
  readonly broker: TestBroker
  #count = 0

  constructor(broker: TestBroker) {
    this.broker = broker
  }

  async connect(name: Name, clean: boolean): Promise<void> {
    if (this.wires.has(name)) await this.leave(name)
    if (clean) this.model.forget(name)
    const session = name === 'old' ? resident3 : resident
    // A clean session of 3.1.1 ends with its connection: it is only the way to begin anew.
    if (name === 'old' && clean) await cut(this.broker, await resident3(this.broker, name, { clean }))
    this.wires.set(name, await session(this.broker, name, { clean: name !== 'old' && clean }))
  }

  async leave(name: Name): Promise<void> {
    const wire = this.wires.get(name)
    if (!wire) return
    this.wires.delete(name)
    await cut(this.broker, wire)
  }

  async restart(): Promise<void> {
    const online = [...this.wires.keys()]
    this.wires.clear()
    await this.broker.restart()
    for (const name of online) await this.connect(name, false)
  }

  async publish(name: Name, topic: string, qos: Qos, retain: boolean, empty: boolean): Promise<void> {
    const wire = this.wires.get(name)
    if (!wire) return
    const text = empty ? '' : String(this.#count++)
    this.model.publish(name, topic, text, qos, retain, other => this.wires.has(other))
    await wire.publish(topic, text, { qos, retain })
    await wire.ping()
  }

  async subscribe(name: Name, topic: string, asked: Subscription): Promise<void> {
    const wire = this.wires.get(name)
    if (!wire) return
    const plain = { qos: asked.qos, nl: false, rap: false, rh: 0, identifier: undefined } as const
    const subscription = name === 'old' ? plain : asked
    this.model.subscribe(name, topic, subscription)
    const { identifier, ...options } = subscription
    await wire.subscribe(topic, { ...options, ...(identifier !== undefined && { subscriptionIdentifier: identifier }) })
  }

  async unsubscribe(name: Name, filter: string): Promise<void> {
    const wire = this.wires.get(name)
    if (!wire) return
    const existed = this.model.subscriptions.get(name)!.delete(filter)
    const { granted } = await wire.unsubscribe(filter)
    if (name !== 'old') expect(granted).toEqual([existed ? 0 : 0x11])
  }

  /** Everybody who is there has got what is due, in its order, and nothing else. */
  async check(): Promise<void> {
    for (const [name, wire] of this.wires) {
      const due = this.model.waiting.get(name)!
      this.model.waiting.set(name, [])
      const got: Sent[] = []
      for (const _ of due) {
        const message = await wire.take('publish')
        got.push(shown(message, name))
        await wire.ack(message)
      }
      await wire.nothing()
      // Retained messages of several topics have no order among themselves.
      expect([name, sorted(got)]).toEqual([name, sorted(due)])
      for (const topic of new Set(due.map(sent => sent.topic))) {
        const ofTopic = (list: readonly Sent[]) => list.filter(sent => sent.topic === topic)
        expect(ofTopic(got)).toEqual(ofTopic(due))
      }
    }
  }
}

function shown(message: ReceivedOf<'publish'>, to: Name): Sent {
  const { topic, text, qos, retain, raw } = message
  const properties = to === 'old' ? [] : propertiesOf(raw)
  const identifiers = properties.flatMap(({ id, value }) => (id === 11 ? [Number(value)] : []))
  return { topic, text, qos, retain, identifiers: identifiers.sort((a, b) => a - b) }
}

function sorted(list: readonly Sent[]): string[] {
  return list.map(sent => JSON.stringify(sent)).sort()
}

const name = fc.constantFrom(...names)
const qos = fc.constantFrom<Qos>(0, 1, 2)
const topic = fc.constantFrom('t', 't/1', 't/2', 't/1/x', '$own/t')
const filter = fc.constantFrom('t', 't/1', 't/+', 't/#', '#', '+/1', '+/+/x', '$own/#')
const subscription = fc.record({
  qos,
  nl: fc.boolean(),
  rap: fc.boolean(),
  rh: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  identifier: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
})
const step: fc.Arbitrary<(run: Run) => Promise<void>> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(name, topic, qos, fc.boolean(), fc.boolean())
      .map(args => named('publish', args, run => run.publish(...args))),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(name, filter, subscription)
      .map(args => named('subscribe', args, run => run.subscribe(...args))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name, filter).map(args => named('unsubscribe', args, run => run.unsubscribe(...args))),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(name, fc.nat(3))
      .map(args => named('connect', args, run => run.connect(args[0], args[1] === 0))),
  },
  { weight: 2, arbitrary: fc.tuple(name).map(args => named('leave', args, run => run.leave(...args))) },
  { weight: 1, arbitrary: fc.constant(named('restart', [], run => run.restart())) },
)

/** So that a counterexample can be read. */
function named(act: string, args: readonly unknown[], work: (run: Run) => Promise<void>): (run: Run) => Promise<void> {
  return Object.assign((run: Run) => work(run), { toString: () => `${act} ${JSON.stringify(args)}` })
}

test('random clients get what the plainest model says, through reconnects and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async steps => {
      await using broker = await startBroker({ storage: 'file' })
      const run = new Run(broker)
      for (const each of names) await run.connect(each, true)
      for (const each of steps) {
        await each(run)
        await run.check()
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 15), endOnFailure: true },
  )
}, 120_000)
