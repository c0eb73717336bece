import { expect } from 'vitest'
import type { TestBroker } from '../support/broker.ts'
import type { Wire } from '../support/wire.ts'

type Act = (story: Story, ...words: string[]) => Promise<void>

/** Sentences a guide may use, each with what it does. A client that is named for the first time connects. */
const grammar: readonly (readonly [sentence: RegExp, act: Act])[] = [
  [/^(\d+) seconds pass$/, (story, seconds = '') => story.pass(Number(seconds))],
  [/^(\S+) connects$/, async (story, who = '') => void (await story.client(who))],
  [/^(\S+) disconnects$/, (story, who = '') => story.leave(who)],
  [/^(\S+) is refused with (0x\w\w)$/, (story, who = '', code = '') => story.turnedAway(who, Number(code))],
  [
    /^(\S+) subscribes to (\S+)(?: and is refused with (0x\w\w))?$/,
    async (story, who = '', filter = '', refusal = '1') => {
      const { granted } = await (await story.client(who)).subscribe(filter, { qos: 1 })
      expect(granted).toEqual([Number(refusal)])
    },
  ],
  [
    /^(\S+) unsubscribes from (\S+)$/,
    async (story, who = '', filter = '') => {
      expect((await (await story.client(who)).unsubscribe(filter)).granted).toEqual([0])
    },
  ],
  [
    /^(\S+) publishes "(.+)" to (\S+?)(?: and is refused with (0x\w\w))?$/,
    async (story, who = '', text = '', topic = '', refusal) => {
      const [answer] = await (await story.client(who)).publish(topic, text, { qos: 1 })
      const { reasonCode = 0 } = answer as { reasonCode?: number }
      if (refusal === undefined) expect(reasonCode).toBeLessThan(0x80)
      else expect(reasonCode).toBe(Number(refusal))
    },
  ],
  [/^(\S+) receives nothing$/, async (story, who = '') => (await story.client(who)).nothing()],
  [
    /^(\S+) receives "(.+)" from (\S+)$/,
    async (story, who = '', text = '', topic = '') => expect(await story.receive(who, topic)).toBe(text),
  ],
  [
    /^(\S+) receives an event from (\S+)$/,
    async (story, who = '', topic = '') => {
      story.lastEvent = JSON.parse(await story.receive(who, topic)) as Record<string, unknown>
    },
  ],
]

/** Clients doing, line by line, what a guide tells of them. */
export class Story {
  lastEvent: Record<string, unknown> = {}
  readonly #broker: TestBroker
  readonly #clients = new Map<string, Wire>()

  constructor(broker: TestBroker) {
    this.#broker = broker
  }

  async tell(text: string): Promise<void> {
    for (const line of text.trim().split('\n')) {
      const found = grammar.find(([sentence]) => sentence.test(line))
      if (!found) throw new Error(`"${line}" is no sentence that a test understands`)
      const [sentence, act] = found
      const [, ...words] = sentence.exec(line) ?? []
      await act(this, ...words)
    }
  }

  async client(name: string): Promise<Wire> {
    const known = this.#clients.get(name)
    if (known) return known
    const wire = await this.#broker.wire()
    expect((await wire.connect({ clientId: name })).reasonCode).toBe(0)
    this.#clients.set(name, wire)
    return wire
  }

  async turnedAway(name: string, code: number): Promise<void> {
    const wire = await this.#broker.wire()
    expect((await wire.connect({ clientId: name })).reasonCode).toBe(code)
    await wire.closed()
  }

  async leave(name: string): Promise<void> {
    await (await this.client(name)).end()
    this.#clients.delete(name)
  }

  async receive(name: string, topic: string): Promise<string> {
    const wire = await this.client(name)
    const message = await wire.take('publish', publish => publish.topic === topic)
    await wire.ack(message)
    await wire.ping()
    return String(message.payload)
  }

  async pass(seconds: number): Promise<void> {
    await this.#broker.clock.advance(seconds * 1_000)
    for (const wire of this.#clients.values()) await wire.ping()
  }

  async end(): Promise<void> {
    for (const wire of this.#clients.values()) await wire.drop()
  }
}
