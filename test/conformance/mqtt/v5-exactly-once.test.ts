import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { Received, Wire } from '../../support/wire.ts'
import { resident } from './clients.ts'
import { cut } from './cut.ts'

/** Both ends of QoS 2 as the standard draws them, cut and continued at any moment, the server stopped in between. */
abstract class End {
  readonly #name: string
  readonly #broker: TestBroker
  protected wire!: Wire
  #read = 0

  constructor(broker: TestBroker, name: string) {
    this.#broker = broker
    this.#name = name
  }

  async connect(clean = false): Promise<void> {
    this.wire = await resident(this.#broker, this.#name, { clean })
    this.#read = 0
    this.connected()
  }

  async cut(): Promise<void> {
    await cut(this.#broker, this.wire)
    await this.connect()
  }

  /** Handles at most so many of the packets that are there. */
  async handle(most: number): Promise<void> {
    await this.wire.ping()
    for (let i = 0; i < most && this.#read < this.wire.received.length; i++) {
      this.packet(this.wire.received[this.#read++]!)
    }
  }

  protected abstract connected(): void
  protected abstract packet(packet: Received): void
}

class Sender extends End {
  #open: { readonly id: number; readonly text: string; released: boolean }[] = []
  #next = 0

  get idle(): boolean {
    return this.#open.length === 0
  }

  send(): void {
    const text = String(this.#next++)
    const id = (this.#next % 50) + 1
    if (this.#open.some(one => one.id === id)) return void this.#next--
    this.#open.push({ id, text, released: false })
    this.wire.sendPublish('t', text, { qos: 2, messageId: id })
  }

  get sent(): number {
    return this.#next
  }

  protected connected(): void {
    for (const { id, text, released } of this.#open) {
      if (released) this.wire.send({ cmd: 'pubrel', messageId: id })
      else this.wire.sendPublish('t', text, { qos: 2, messageId: id, dup: true })
    }
  }

  protected packet({ cmd, messageId }: Received): void {
    const one = this.#open.find(({ id }) => id === messageId)
    if (cmd === 'pubrec' && one) {
      one.released = true
      this.wire.send({ cmd: 'pubrel', messageId: one.id })
    } else if (cmd === 'pubcomp') this.#open = this.#open.filter(({ id }) => id !== messageId)
  }
}

class Receiver extends End {
  readonly got: string[] = []
  readonly #held = new Set<number>()

  async subscribe(): Promise<void> {
    await this.wire.subscribe('t', { qos: 2 })
  }

  protected connected(): void {}

  protected packet(packet: Received): void {
    const messageId = packet.messageId ?? 0
    if (packet.cmd === 'publish') {
      if (!this.#held.has(messageId)) this.got.push(packet.text)
      this.#held.add(messageId)
      this.wire.send({ cmd: 'pubrec', messageId })
    } else if (packet.cmd === 'pubrel') {
      this.#held.delete(messageId)
      this.wire.send({ cmd: 'pubcomp', messageId })
    }
  }
}

const acts = fc.oneof(
  { weight: 6, arbitrary: fc.constant('send' as const) },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('sender' as const, 'receiver' as const), fc.integer({ min: 1, max: 6 })),
  },
  { weight: 3, arbitrary: fc.constantFrom('cut sender' as const, 'cut receiver' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
)

test('QoS 2 is exactly once and in order, wherever either end is cut or the server stopped [MQTT-4.3.3-10] [MQTT-4.4.0-1]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 30, maxLength: 120 }), async all => {
      await using broker = await startBroker({ storage: 'file' })
      const sender = new Sender(broker, 'sender')
      const receiver = new Receiver(broker, 'receiver')
      await sender.connect(true)
      await receiver.connect(true)
      await receiver.subscribe()
      for (const act of all) {
        if (act === 'send') sender.send()
        else if (act === 'cut sender') await sender.cut()
        else if (act === 'cut receiver') await receiver.cut()
        else if (act === 'restart') {
          await broker.restart()
          await sender.connect()
          await receiver.connect()
        } else await (act[0] === 'sender' ? sender : receiver).handle(act[1])
      }
      for (let round = 0; round < 5_000 && !(sender.idle && receiver.got.length === sender.sent); round++) {
        await sender.handle(1_000)
        await receiver.handle(1_000)
      }
      expect(receiver.got).toEqual(Array.from({ length: sender.sent }, (_, i) => String(i)))
    }),
    { numRuns: Number(process.env.RUNS ?? 15), endOnFailure: true },
  )
}, 120_000)
