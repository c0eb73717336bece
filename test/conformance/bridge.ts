import { describe, expect, test } from 'vitest'
import type { AnyBridgePlugin } from '../../kernel/bridging/bridge-options.ts'
import { type BridgingOptions, type Kernel, type Logger, Message } from '../../kernel/index.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { ChaosProxy, type Fault, faults } from '../support/chaos-proxy.ts'

/** A far side of a test, and what a bridge to it is configured with. */
export interface FarEnd extends AsyncDisposable {
  /** Where it listens; the suite puts a proxy before it. */
  readonly port: number
  /** Where the proxy has to listen, if the far side tells its clients where to come. */
  readonly proxyPort?: number
  /** Options of a connection to that port of 127.0.0.1. They hold `secret`. */
  connection(port: number): Readonly<Record<string, unknown>>
  /** Appears in the options of the connection and must appear nowhere else. */
  readonly secret: string
  /** Options under `to`, for messages whose topic is `in/<key>` and whose value is text. */
  readonly to: Readonly<Record<string, unknown>>
  /** Every value that came, in the order it came. */
  received(): Promise<readonly string[]>
  /** What the far side never takes as the given options send it. */
  readonly poison: { readonly topic: string; readonly payload: string; prepare?(): void | Promise<void> }
  /** The way in. */
  readonly ingress?: {
    readonly from: Readonly<Record<string, unknown>>
    /** Makes the far side offer these values, in this order. */
    offer(values: readonly string[]): Promise<void>
  }
}

export interface BridgeConformanceOptions {
  readonly name: string
  readonly plugin: AnyBridgePlugin
  /** Starts one, empty. */
  start(): Promise<FarEnd>
  /** More of `delivery`, such as short timeouts. */
  readonly delivery?: Readonly<Record<string, unknown>>
  /** How long faults may take to be noticed and mended. Default: 20 seconds. */
  readonly timeoutMs?: number
}

const keys = ['a', 'b', 'c'] as const
const batchMessages = 20

/** What every bridge plugin must keep, whatever its far side does. */
export function bridgeConformance(options: BridgeConformanceOptions): void {
  const { name, plugin, timeoutMs = 20_000 } = options
  const poll = { timeout: timeoutMs, interval: 20 }
  const slow = { timeout: 3 * timeoutMs }

  describe(`${name} keeps what a bridge promises`, () => {
    test.each(faults)('at least once and in order of each key, through a far side that does %s', slow, async fault => {
      await using setup = await Setup.start(options)
      const sent: string[] = []
      setup.publish(sent, 60)
      await expect.poll(async () => (await setup.far.received()).length, poll).toBeGreaterThan(0)
      await setup.proxy.become(fault)
      setup.publish(sent, 60)
      await setup.trouble(fault)
      await setup.proxy.become('pass')
      setup.publish(sent, 60)
      await expect.poll(() => setup.missing(sent), poll).toEqual([])
      expect(inOrder(await setup.far.received())).toBe(true)
      await expect.poll(() => setup.view.state, poll).toBe('running')
      expect(setup.view).toMatchObject({ dropped: 0, deadLetters: 0 })
    })

    test('a far side that is not there when the broker starts loses nothing, and the broker serves', slow, async () => {
      await using setup = await Setup.start(options, 'refuse')
      const sent: string[] = []
      setup.publish(sent, 30)
      await expect.poll(() => setup.view.state, poll).toBe('degraded')
      expect(setup.view.lag.messages).toBe(30)
      expect(setup.kernel.alarms.list()).toMatchObject([{ name: 'bridge.b' }])
      await setup.proxy.become('pass')
      await expect.poll(() => setup.missing(sent), poll).toEqual([])
      await expect.poll(() => setup.kernel.alarms.list(), poll).toEqual([])
    })

    test('nothing is settled before it is acknowledged: a restart sends it again', slow, async () => {
      await using setup = await Setup.start(options, 'black-hole')
      const sent: string[] = []
      setup.publish(sent, 30)
      await setup.committed()
      expect(setup.view.lag.messages).toBe(30)
      await setup.broker.restart()
      expect(setup.view.lag.messages).toBe(30)
      await setup.proxy.become('pass')
      setup.proxy.restart()
      await expect.poll(() => setup.missing(sent), poll).toEqual([])
      await expect.poll(() => setup.view.lag.messages, poll).toBe(0)
    })

    test('a broker that is started anew in mid-flight loses nothing', slow, async () => {
      await using setup = await Setup.start(options)
      const sent: string[] = []
      setup.publish(sent, 100)
      await setup.committed()
      await setup.broker.restart()
      setup.publish(sent, 100)
      await expect.poll(() => setup.missing(sent), poll).toEqual([])
      expect(inOrder(await setup.far.received())).toBe(true)
    })

    test('memory holds two batches, whatever waits', slow, async () => {
      await using setup = await Setup.start(options, 'black-hole')
      const sent: string[] = []
      setup.publish(sent, 2_000)
      await setup.committed()
      expect(setup.view.lag.messages).toBe(2_000)
      expect(setup.gauge('unsettled_messages')).toBeLessThanOrEqual(2 * batchMessages)
    })

    test('a stop takes less than five seconds, whatever the far side does', slow, async () => {
      await using setup = await Setup.start(options, 'black-hole')
      setup.publish([], 30)
      await setup.committed()
      const startedAt = performance.now()
      await setup.kernel.close()
      expect(performance.now() - startedAt).toBeLessThan(5_000)
    })

    test('what it never takes becomes a dead letter, and the rest goes on', slow, async () => {
      await using setup = await Setup.start(options)
      const { poison } = setup.far
      await poison.prepare?.()
      const sent: string[] = []
      setup.publish(sent, 3)
      setup.send(poison.topic, poison.payload)
      setup.publish(sent, 3)
      await expect.poll(() => setup.view.deadLetters, poll).toBe(1)
      await expect.poll(() => setup.missing(sent), poll).toEqual([])
      const letters = (await setup.kernel.bridges.deadLetters('b')?.list()) ?? []
      expect(letters.map(({ payload }) => Buffer.from(payload).toString())).toEqual([poison.payload])
    })

    test('secrets are in no line of the log, and in no rung of the ladder', slow, async () => {
      await using setup = await Setup.start(options)
      setup.publish([], 3)
      await setup.proxy.become('cut')
      setup.publish([], 20)
      await setup.proxy.become('refuse')
      await expect.poll(() => setup.view.state, poll).toBe('degraded')
      const rungs: unknown[] = []
      for await (const rung of setup.kernel.bridges.test('b') ?? []) rungs.push(rung)
      expect(setup.log.length).toBeGreaterThan(0)
      expect(JSON.stringify([setup.log, rungs, setup.view])).not.toContain(setup.far.secret)
    })

    const ways = plugin.from === undefined ? [] : (['pass', ...faults] as const)
    if (ways.length > 0)
      test.each(ways)('what comes in is published in order, through %s', slow, async fault => {
        await using setup = await Setup.start(options, 'pass', true)
        const { ingress } = setup.far
        if (!ingress) throw new Error('the plugin reads, so the suite needs to be told how')
        const received = await setup.watch()
        await expect.poll(() => setup.kernel.bridges.get('i')?.state, poll).toBe('running')
        const offered = Array.from({ length: 90 }, (_, i) => `k:${i}`)
        await ingress.offer(offered.slice(0, 30))
        await expect.poll(() => received.length, poll).toBeGreaterThan(0)
        await setup.proxy.become(fault)
        await ingress.offer(offered.slice(30, 60))
        await setup.proxy.become('pass')
        if (fault === 'black-hole' || fault === 'half-close') setup.proxy.restart()
        await ingress.offer(offered.slice(60))
        await expect.poll(() => offered.filter(value => !received.includes(value)), poll).toEqual([])
        expect(inOrder(received)).toBe(true)
      })
  })
}

/** The first time each value of a key came, it came after those before it. */
function inOrder(values: readonly string[]): boolean {
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) continue
    seen.add(value)
    const [key = '', number = ''] = value.split(':')
    if (Number(number) < (last.get(key) ?? -1)) return false
    last.set(key, Number(number))
  }
  return true
}

/** A broker, a far side, and the proxy between them. */
class Setup implements AsyncDisposable {
  readonly broker: TestBroker
  readonly far: FarEnd
  readonly proxy: ChaosProxy
  readonly log: unknown[]
  readonly #numbers = new Map<string, number>()
  readonly #published: Promise<unknown>[] = []

  private constructor(parts: { broker: TestBroker; far: FarEnd; proxy: ChaosProxy; log: unknown[] }) {
    this.broker = parts.broker
    this.far = parts.far
    this.proxy = parts.proxy
    this.log = parts.log
  }

  static async start(options: BridgeConformanceOptions, fault: Fault = 'pass', ingress = false): Promise<Setup> {
    const far = await options.start()
    const proxy = await ChaosProxy.to(far.port, far.proxyPort)
    await proxy.become(fault)
    const log: unknown[] = []
    const bridging = bridgingOf(options, far, proxy.port, ingress)
    const broker = await startBroker({ storage: 'file', kernel: { bridging, logger: keeping(log) } })
    return new Setup({ broker, far, proxy, log })
  }

  get kernel(): Kernel {
    return this.broker.kernel
  }

  get view() {
    const view = this.kernel.bridges.get('b')
    if (!view) throw new Error('there is no bridge')
    return view
  }

  publish(sent: string[], count: number): void {
    for (let i = 0; i < count; i++) {
      const key = keys[i % keys.length] ?? 'a'
      const number = this.#numbers.get(key) ?? 0
      this.#numbers.set(key, number + 1)
      sent.push(`${key}:${number}`)
      this.send(`in/${key}`, `${key}:${number}`)
    }
  }

  send(topic: string, payload: string): void {
    const message = new Message({ topic, payload: Buffer.from(payload), guarantee: 1 })
    this.#published.push(Promise.resolve(this.kernel.space().publish(message)).catch(() => {}))
  }

  /** Everything published is durable. */
  async committed(): Promise<void> {
    await Promise.all(this.#published.splice(0))
  }

  /** Resolves when the bridge has noticed, where it can. */
  async trouble(fault: Fault): Promise<void> {
    if (fault === 'refuse') await expect.poll(() => this.view.state, { timeout: 60_000 }).toBe('degraded')
  }

  async missing(sent: readonly string[]): Promise<string[]> {
    const received = new Set(await this.far.received())
    return sent.filter(value => !received.has(value))
  }

  gauge(name: string): number {
    return [...this.kernel.counters.all()].find(one => one.name === name)?.value ?? Number.NaN
  }

  /** What is published below `out/`. */
  async watch(): Promise<string[]> {
    const received: string[] = []
    const session = await this.kernel.space().session('watch', { clean: true, expiresAfterMs: 0, taken: () => {} })
    const consumer = session.consume(
      {
        deliver: (message, _via, delivery) => {
          received.push(Buffer.from(message.payload).toString())
          if (delivery) consumer.settle(delivery, 'accept')
        },
      },
      1_000,
    )
    await session.bind([{ filter: 'out/#', options: { guarantee: 1 } }], () => {})
    return received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.become('pass')
    await this.broker[Symbol.asyncDispose]()
    await this.proxy[Symbol.asyncDispose]()
    await this.far[Symbol.asyncDispose]()
  }
}

function bridgingOf(
  { plugin, delivery }: BridgeConformanceOptions,
  far: FarEnd,
  port: number,
  ingress: boolean,
): BridgingOptions {
  const retry = { backoff: '10ms..200ms' }
  const out = {
    egress: keys.map(key => `in/${key}`).concat('in/poison/#'),
    to: { connection: 'far', ...far.to },
    delivery: { batchMessages, ...delivery },
    retry,
  }
  const into =
    ingress && far.ingress
      ? { i: { ingress: { connection: 'far', ...far.ingress.from }, publish: { topic: 'out/x' }, retry } }
      : {}
  return {
    connections: { far: { plugin, options: far.connection(port) } },
    bridges: { b: out, ...into },
  }
}

function keeping(log: unknown[]): Logger {
  const keep = (fields: object, message: string): void => {
    log.push({ ...fields, message })
  }
  return { debug: keep, info: keep, warn: keep, error: keep }
}
