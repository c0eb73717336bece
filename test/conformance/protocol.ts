import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKernel, type Kernel, type KernelOptions, Message, type ProtocolPlugin } from '../../kernel/index.ts'
import { Random } from '../support/random.ts'
import { openTransport } from '../support/wire-transport.ts'

export interface ProtocolMessage {
  readonly topic: string
  readonly payload: string
}

/** A client of the protocol under test, as simple as every protocol's can be. */
export interface ProtocolClient extends AsyncDisposable {
  /** Resolves when the broker has taken the message. @throws when it refuses and can say so */
  publish(topic: string, payload: string): Promise<void>
  /** Resolves when the subscription holds. @throws when it is refused */
  subscribe(filter: string): Promise<void>
  unsubscribe(filter: string): Promise<void>
  /** The next message. */
  next(): Promise<ProtocolMessage>
  /** A round trip that proves that nothing is unread. Any command that has an answer will do. */
  nothing(): Promise<void>
  /** Stops and resumes reading, as a frozen client would. */
  pause(): void
  resume(): void
  /** Leaves in the protocol's own words. */
  end(): Promise<void>
  /** Waits until the broker has closed the connection; whether it did so in order, with a FIN and not a reset. */
  closed(): Promise<{ readonly inOrder: boolean }>
}

export interface ProtocolSubject {
  readonly plugin: ProtocolPlugin<never>
  readonly options?: Readonly<Record<string, unknown>>
  /** False where the protocol has no word for a refused publish. Default: true. */
  readonly tellsRefusals?: boolean
  /** Connects and logs in. @throws when it is refused */
  connect(port: number, options: { readonly id: string; readonly transport: 'tcp' | 'ws' }): Promise<ProtocolClient>
}

/** What every protocol plugin promises. Call it once from a test file. */
export function protocolSuite(name: string, subject: ProtocolSubject): void {
  describe(`${name} keeps the contract of a protocol`, () => {
    let served: Promise<unknown>[] = []
    let kernel: Kernel

    const start = async (options: Partial<KernelOptions> = {}) => {
      served = []
      const { plugin } = subject
      const at = { protocol: plugin.name, host: '127.0.0.1', port: 0 }
      kernel = await createKernel({
        protocols: [{ plugin: watched(plugin, served), ...(subject.options && { options: subject.options }) }],
        listeners: [
          { ...at, name: 'tcp', transport: 'tcp' },
          { ...at, name: 'ws', transport: 'ws' },
        ],
        ...options,
      })
    }
    const port = (transport: string) => kernel.listeners.find(listener => listener.name === transport)?.port ?? 0
    const connect = (id: string, transport: 'tcp' | 'ws' = 'tcp') => subject.connect(port(transport), { id, transport })
    /** Publishes as another protocol would: through a space of its own. */
    const publish = async (topic: string, payload: string, fields: { retain?: boolean } = {}) => {
      await kernel.space().publish(new Message({ topic, payload: Buffer.from(payload), ...fields }))
    }
    const total = (counter: string) => {
      let sum = 0
      for (const { name: found, value } of kernel.counters.all()) if (found === counter) sum += value
      return sum
    }

    beforeEach(() => start())
    afterEach(() => kernel.close())

    test('the plugin has the shape of one, and every option says what it is for', () => {
      const { plugin } = subject
      expect(plugin).toMatchObject({ kind: 'protocol', api: 1, name: expect.stringMatching(/^[a-z0-9-]+$/) })
      for (const [option, { describe: sentence }] of Object.entries(plugin.options)) {
        expect(`${option}: ${sentence}`).toMatch(/^\w+: \S.{8,}$/)
      }
    })

    test.each(['tcp', 'ws'] as const)('two clients exchange messages over %s, in order', async transport => {
      await using alice = await connect('alice', transport)
      await using bob = await connect('bob', transport)
      await bob.subscribe('a/+')
      for (let i = 0; i < 50; i++) await alice.publish('a/b', `${i}`)
      for (let i = 0; i < 50; i++) expect(await bob.next()).toEqual({ topic: 'a/b', payload: `${i}` })
    })

    test('what another protocol publishes arrives, and what it publishes arrives there', async () => {
      await using alice = await connect('alice')
      await alice.subscribe('to/alice')
      await publish('to/alice', 'hello')
      expect(await alice.next()).toEqual({ topic: 'to/alice', payload: 'hello' })
      const arrived = await subscribed(kernel, 'from/alice')
      await alice.publish('from/alice', 'good morning')
      expect(await arrived.first).toEqual({ topic: 'from/alice', payload: 'good morning' })
    })

    test('after an unsubscribe nothing comes', async () => {
      await using alice = await connect('alice')
      await alice.subscribe('a')
      await alice.unsubscribe('a')
      await publish('a', 'too late')
      await alice.nothing()
    })

    test('when its client leaves, the connection is over, and nothing of the connection is left', async () => {
      const alice = await connect('alice')
      await alice.subscribe('a')
      await alice.end()
      expect(served).toHaveLength(1)
      await Promise.all(served)
      expect(total('net_connections_failed')).toBe(0)
      expect(total('sessions_connected')).toBe(0)
    })

    test('when its client vanishes, the connection is over, and nothing of the connection is left', async () => {
      const alice = await connect('alice')
      await alice.subscribe('a')
      await alice[Symbol.asyncDispose]()
      await Promise.all(served)
      expect(total('net_connections_failed')).toBe(0)
      expect(total('sessions_connected')).toBe(0)
    })

    test('retained values come before what is published while they are asked for', async () => {
      for (let i = 0; i < 200; i++) await publish(`r/kept/${i}`, 'kept', { retain: true })
      await using alice = await connect('alice')
      let asked = true
      const subscribing = alice.subscribe('r/#').finally(() => {
        asked = false
      })
      for (let i = 0; asked; i++) {
        await publish('r/live', `${i}`)
        await new Promise(resolve => setImmediate(resolve))
      }
      await subscribing
      await publish('r/end', 'end')
      const topics: string[] = []
      for (let topic = ''; topic !== 'r/end'; topics.push(topic)) topic = (await alice.next()).topic
      const kept = topics.filter(topic => topic.startsWith('r/kept/'))
      expect(new Set(kept).size).toBe(200)
      expect(topics.slice(0, 200)).toEqual(kept)
    })

    test('rules hold for publishing, for subscribing, and for each topic that a wider filter would bring', async () => {
      await kernel.close()
      await start({ access: { rules: [{ effect: 'deny', filters: ['secret/#'] }, { effect: 'allow' }] } })
      await using alice = await connect('alice')
      const leaked = await subscribed(kernel, 'secret/#')
      await expect(alice.subscribe('secret/plan')).rejects.toThrow()
      await alice.subscribe('#')
      await publish('secret/plan', 'kept', { retain: true })
      await publish('open/plan', 'rest')
      expect(await alice.next()).toEqual({ topic: 'open/plan', payload: 'rest' })
      await using bob = await connect('bob')
      await bob.subscribe('#')
      await bob.nothing()
      expect(await leaked.first).toEqual({ topic: 'secret/plan', payload: 'kept' })
    })

    test('a refused publish reaches nobody, and the client is told where the protocol can tell', async () => {
      await kernel.close()
      await start({ access: { rules: [{ effect: 'deny', filters: ['secret/#'] }, { effect: 'allow' }] } })
      const arrived = await subscribed(kernel, '#')
      await using alice = await connect('alice')
      const publishing = alice.publish('secret/plan', 'attack')
      if (subject.tellsRefusals === false) await publishing
      else await expect(publishing).rejects.toThrow()
      await using bob = await connect('bob')
      await bob.publish('open/plan', 'rest')
      expect(await arrived.first).toEqual({ topic: 'open/plan', payload: 'rest' })
    })

    test("the broker's own topics are closed to its clients, whatever rules say [hostile 21]", async () => {
      const arrived = await subscribed(kernel, '$own/plan')
      await using alice = await connect('alice')
      const publishing = alice.publish('$own/plan', 'forged')
      if (subject.tellsRefusals === false) await publishing
      else await expect(publishing).rejects.toThrow()
      await publish('$own/plan', 'genuine')
      expect(await arrived.first).toEqual({ topic: '$own/plan', payload: 'genuine' })
    })

    test('who is not let in is refused, and the connection ends', async () => {
      await kernel.close()
      await start({ access: { anonymous: 'never' } })
      await expect(connect('alice')).rejects.toThrow()
      await Promise.all(served)
      expect(total('sessions')).toBe(0)
    })

    test('a second connection with the same identity takes over: the first one is closed, the second one serves', async () => {
      await using first = await connect('alice')
      await using second = await connect('alice')
      await first.closed()
      await second.subscribe('a')
      await publish('a', 'hello')
      expect(await second.next()).toEqual({ topic: 'a', payload: 'hello' })
      expect(total('sessions_connected')).toBe(1)
    })

    test('a reader that stopped does not slow another one, and memory stays within its queue', async () => {
      await kernel.close()
      await start({ limits: { queueMessages: 50 } })
      await using frozen = await connect('frozen')
      await using quick = await connect('quick')
      for (const client of [frozen, quick]) await client.subscribe('load')
      frozen.pause()
      const payload = 'x'.repeat(32_768)
      for (let i = 0; i < 600; i++) {
        await publish('load', payload)
        expect((await quick.next()).payload.length).toBe(payload.length)
      }
      expect(total('messages_dropped')).toBeGreaterThan(0)
      expect(total('queued_bytes')).toBeLessThan(50 * (payload.length + 1_000))
    })

    test('garbage never hurts another connection, and never looks like a fault of ours', async () => {
      await using healthy = await connect('healthy')
      await healthy.subscribe('a')
      for (const [i, bytes] of garbage().entries()) {
        const stranger = await openTransport(port('tcp'), {})
        const gone = new Promise<void>(resolve => {
          stranger.onClose = () => resolve()
        })
        stranger.write(bytes)
        stranger.end()
        await gone
        await publish('a', `${i}`)
        expect(await healthy.next()).toEqual({ topic: 'a', payload: `${i}` })
      }
      await Promise.all(served.slice(1))
      expect(total('net_connections_failed')).toBe(0)
    })

    test('when the broker closes, clients are closed in order', async () => {
      const clients = [await connect('a'), await connect('b', 'ws'), await connect('c')]
      await kernel.close()
      for (const client of clients) expect(await client.closed()).toEqual({ inOrder: true })
      await Promise.all(served)
    })
  })
}

/** The plugin, and what became of each connection it serves. */
function watched(plugin: ProtocolPlugin<never>, served: Promise<unknown>[]): ProtocolPlugin<never> {
  return {
    ...plugin,
    async open(host, options) {
      const protocol = await plugin.open(host, options)
      return {
        ...(protocol.websocket && { websocket: protocol.websocket }),
        close: () => protocol.close(),
        serve(connection) {
          const serving = protocol.serve(connection)
          const { signal } = connection
          const gone = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
          served.push(Promise.all([serving, gone]))
          return serving
        },
      }
    },
  }
}

let watchers = 0

/** Binds a session of the broker's own; `first` is the first message that matches. */
async function subscribed(kernel: Kernel, filter: string): Promise<{ readonly first: Promise<ProtocolMessage> }> {
  watchers += 1
  const options = { clean: true, expiresAfterMs: 0, taken: () => {} }
  const session = await kernel.space().session(`suite:${watchers}`, options)
  const first = new Promise<ProtocolMessage>(resolve => {
    const deliver = ({ topic, payload }: Message) => resolve({ topic, payload: Buffer.from(payload).toString() })
    session.consume({ deliver }, 0)
  })
  await session.bind([{ filter, options: { guarantee: 0 } }], () => {})
  return { first }
}

/** Bytes that no client would send: the same ones in every run. */
function garbage(): Buffer[] {
  const random = new Random(20_240_607)
  const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => random.integer(0, 255)))
  return [
    Buffer.from('GET / HTTP/1.1\r\nHost: broker\r\n\r\n'),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    Buffer.alloc(300_000, 0xff),
    Buffer.alloc(300_000),
    Buffer.from('\n'.repeat(2_000)),
    Buffer.from('\0 \ufeff \ud83d\ude00 %00 %ZZ % \r\n'),
    ...Array.from({ length: 30 }, () => noise(random.integer(1, 2_000))),
  ]
}
