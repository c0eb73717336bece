import { afterEach, expect, test, vi } from 'vitest'
import type { Action, Principal } from '../../../kernel/plugin.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { ConnectOptions, ReceivedOf, Wire } from '../../support/wire.ts'

/** What `permits` says to clients here, instead of any rule. */
let forbidden: { readonly action: Action; readonly topic: string } | undefined
const asked: string[] = []

vi.mock('../../../kernel/access/permits.ts', () => ({
  permits: (principal: Principal | undefined, action: Action, topic: string) => {
    asked.push(`${action} ${topic}`)
    return principal === undefined || !(forbidden?.action === action && forbidden.topic === topic)
  },
}))

afterEach(() => {
  forbidden = undefined
  asked.length = 0
})

interface Stage {
  readonly broker: TestBroker
  /** From here on it is forbidden, or, in the control, it is not. */
  forbid(): void
  client(options?: ConnectOptions): Promise<Wire>
  /** A client that gets all messages whose topics do not begin with '$'. */
  watcher(): Promise<Wire>
}

interface Path {
  readonly action: Action
  readonly topic: string
  /** True when it got through. */
  act(stage: Stage): Promise<boolean>
}

const durable = { clean: false, properties: { sessionExpiryInterval: 3_600 } }
const will = { topic: 't', payload: Buffer.from('x'), qos: 1 as const }

/** A message of `topic` came, by the time the broker has done all that was sent to it. */
async function came(client: Wire, topic = 't'): Promise<boolean> {
  await client.ping()
  return client.received.some(packet => packet.cmd === 'publish' && packet.topic === topic)
}

function publishing(topic: string, options: Parameters<Wire['publish']>[2] = {}): Path['act'] {
  return async ({ forbid, client, watcher, broker }) => {
    forbid()
    const all = await watcher()
    const sender = await client()
    await sender.publish(topic, 'x', options)
    await sender.ping()
    await broker.clock.advance(2_000)
    return await came(all)
  }
}

function subscribing(filter: string): Path['act'] {
  return async ({ forbid, client }) => {
    forbid()
    const one = await client()
    return ((await one.subscribe(filter, { qos: 1 })).granted?.[0] as number) < 0x80
  }
}

const paths: Record<string, Path> = {
  'a publish at QoS 0': { action: 'publish', topic: 't', act: publishing('t') },
  'a publish at QoS 1': { action: 'publish', topic: 't', act: publishing('t', { qos: 1 }) },
  'a publish at QoS 2, under its identifier': { action: 'publish', topic: 't', act: publishing('t', { qos: 2 }) },
  'a retained publish': {
    action: 'publish',
    topic: 't',
    act: async stage => {
      await publishing('t', { qos: 1, retain: true })(stage)
      return await came(await stage.watcher())
    },
  },
  'a delayed publish when it comes': {
    action: 'publish',
    topic: 't',
    act: async ({ forbid, client }) => {
      forbid()
      const sender = await client()
      const [answer] = await sender.publish('$delayed/60/t', 'x', { qos: 1 })
      return (answer as ReceivedOf<'puback'>).reasonCode !== 0x87
    },
  },
  'a delayed publish when it is due': {
    action: 'publish',
    topic: 't',
    act: async ({ forbid, client, watcher, broker }) => {
      const all = await watcher()
      const sender = await client()
      await sender.publish('$delayed/60/t', 'x', { qos: 1 })
      forbid()
      await broker.clock.advance(61_000)
      await sender.ping()
      return await came(all)
    },
  },
  'a will at CONNECT': {
    action: 'publish',
    topic: 't',
    act: async ({ forbid, broker }) => {
      forbid()
      await using one = await broker.wire({ version: 5 })
      return (await one.connect({ will })).reasonCode === 0
    },
  },
  'a will when it fires': {
    action: 'publish',
    topic: 't',
    act: async ({ forbid, client, watcher, broker }) => {
      const all = await watcher()
      const doomed = await client({ will })
      forbid()
      await doomed.drop()
      await gone(broker, 1)
      return await came(all)
    },
  },
  'a subscription': { action: 'subscribe', topic: 't', act: subscribing('t') },
  'a shared subscription': { action: 'subscribe', topic: 't', act: subscribing('$share/g/t') },
  'a queue subscription': { action: 'subscribe', topic: 't', act: subscribing('$queue/t') },
  'an exclusive subscription': { action: 'subscribe', topic: 't', act: subscribing('$exclusive/t') },
  'a subscription that the configuration makes': {
    action: 'subscribe',
    topic: 'auto',
    act: async ({ forbid, client }) => {
      forbid()
      const one = await client()
      await one.publish('auto', 'x', { qos: 1 })
      return await came(one, 'auto')
    },
  },
  'a live message': {
    action: 'receive',
    topic: 't',
    act: async ({ forbid, client, watcher }) => {
      const all = await watcher()
      forbid()
      const sender = await client()
      await sender.publish('t', 'x', { qos: 1 })
      return await came(all)
    },
  },
  'a retained message that is replayed': {
    action: 'receive',
    topic: 't',
    act: async ({ forbid, client, watcher }) => {
      const sender = await client()
      await sender.publish('t', 'x', { qos: 1, retain: true })
      forbid()
      return await came(await watcher())
    },
  },
  'a message that was queued while its session was away': {
    action: 'receive',
    topic: 't',
    act: async ({ forbid, client, broker }) => {
      const away = await client({ ...durable, clientId: 'away' })
      await away.subscribe('t', { qos: 1 })
      await away.drop()
      await gone(broker, 0)
      const sender = await client()
      await sender.publish('t', 'x', { qos: 1 })
      forbid()
      return await came(await client({ ...durable, clientId: 'away' }))
    },
  },
  'a message of a shared subscription': {
    action: 'receive',
    topic: 't',
    act: async ({ forbid, client }) => {
      const member = await client()
      await member.subscribe('$share/g/#', { qos: 1 })
      forbid()
      const sender = await client()
      await sender.publish('t', 'x', { qos: 1 })
      return await came(member)
    },
  },
  'a message that a shared subscription kept': {
    action: 'receive',
    topic: 't',
    act: async ({ forbid, client, broker }) => {
      const away = await client({ ...durable, clientId: 'away' })
      await away.subscribe('$share/g/#', { qos: 1 })
      await away.drop()
      await gone(broker, 0)
      const sender = await client()
      await sender.publish('t', 'x', { qos: 1 })
      forbid()
      return await came(await client({ ...durable, clientId: 'away' }))
    },
  },
  'a status topic of the broker': {
    action: 'receive',
    topic: '$SYS/broker/version',
    act: async ({ forbid, client }) => {
      forbid()
      const one = await client()
      await one.subscribe('$SYS/#')
      return await came(one, '$SYS/broker/version')
    },
  },
}

/** The connections that are served are so many again. */
async function gone(broker: TestBroker, left: number): Promise<void> {
  const open = () => [...broker.kernel.counters.all()].find(({ name }) => name === 'sessions_connected')?.value
  await vi.waitUntil(() => open() === left, { timeout: 60_000 })
}

async function play({ action, topic, act }: Path, deny: boolean, storage: 'memory' | 'file'): Promise<boolean> {
  await using broker = await startBroker({
    time: 'manual',
    storage,
    mqtt: { sysInterval: 10_000, autoSubscribe: [{ filter: 'auto' }] },
  })
  const clients: Wire[] = []
  const client = async (options: ConnectOptions = {}) => {
    const one = await broker.wire({ version: 5 })
    clients.push(one)
    expect((await one.connect(options)).reasonCode).toBe(0)
    return one
  }
  const watcher = async () => {
    const all = await client()
    await all.subscribe('#', { qos: 1 })
    return all
  }
  const forbid = () => {
    if (deny) forbidden = { action, topic }
  }
  const through = await act({ broker, client, watcher, forbid })
  for (const one of clients) await one[Symbol.asyncDispose]()
  forbidden = undefined
  return through
}

for (const storage of ['memory', 'file'] as const) {
  test.each(Object.entries(paths))(
    `with ${storage} storage, %s asks permits, and nothing else decides`,
    async (_, path) => {
      expect(await play(path, false, storage)).toBe(true)
      expect(asked).toContain(`${path.action} ${path.topic}`)
      expect(await play(path, true, storage)).toBe(false)
    },
  )
}
