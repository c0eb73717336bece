import { expect, test } from 'vitest'
import { type BridgingOptions, type Kernel, Message } from '../../../kernel/index.ts'
import { startBroker } from '../../support/broker.ts'
import { FarSide } from './far-side.ts'

function bridging(far: FarSide, publish: object, given: object = {}): BridgingOptions {
  const bridge = { ingress: { connection: 'c' }, publish, retry: { backoff: '1ms..5ms' }, ...given }
  return { connections: { c: { plugin: far.plugin } }, bridges: { b: bridge } }
}

const record = (key: string, value: string, id = key) => ({ topic: 'commands', key, value: Buffer.from(value), id })

/** A session that keeps what the filter matches. */
async function watcher(kernel: Kernel, filter: string): Promise<Message[]> {
  const received: Message[] = []
  const session = await kernel.space().session('watcher', { clean: true, expiresAfterMs: 0, taken: () => {} })
  const consumer = session.consume(
    {
      deliver: (message, _via, delivery) => {
        received.push(message.keep())
        if (delivery) consumer.settle(delivery, 'accept')
      },
    },
    100,
  )
  await session.bind([{ filter, options: { guarantee: 1 } }], () => {})
  return received
}

test('records become publishes, and the far side is told when they are stored', async () => {
  const far = new FarSide()
  const options = bridging(far, { topic: 'devices/${key}/cmd', payload: { v: '${value}', from: '${topic}' } })
  await using broker = await startBroker({ storage: 'file', kernel: { bridging: options } })
  const received = await watcher(broker.kernel, 'devices/#')
  far.add(record('d1', '{"on":true}'), record('d2', '2'))
  await far.when(() => far.stored === 2)
  expect(received.map(({ topic, payload }) => [topic, Buffer.from(payload).toString()])).toEqual([
    ['devices/d1/cmd', '{"v":{"on":true},"from":"commands"}'],
    ['devices/d2/cmd', '{"v":2,"from":"commands"}'],
  ])
  expect(broker.kernel.bridges.get('b')).toMatchObject({ state: 'running', received: 2, direction: 'ingress' })
})

test('a record that gives no topic is a dead letter, which can be tried again under another configuration', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far, { topic: 'a/${headers.to}' }) } })
  far.add(record('k', 'v'), { ...record('l', 'w'), headers: [['to', '#']] })
  await far.when(() => far.stored === 2)
  const letters = broker.kernel.bridges.deadLetters('b')
  expect(await letters?.list()).toMatchObject([
    { code: 'PATH_MISSING', topic: 'commands' },
    { code: 'TOPIC_INVALID', topic: 'commands' },
  ])
  const received = await watcher(broker.kernel, 'devices/#')
  await broker.kernel.reloadBridges(bridging(far, { topic: 'devices/${key}' }))
  expect(await broker.kernel.bridges.deadLetters('b')?.retry()).toBe(2)
  expect(received.map(({ topic }) => topic)).toEqual(['devices/k', 'devices/l'])
})

test('a record that names a topic of the broker is a dead letter [hostile 21]', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far, { topic: '${key}/x' }) } })
  const received = await watcher(broker.kernel, '$SYS/#')
  far.add(record('$SYS', 'forged'), record('plain', 'x'))
  await far.when(() => far.stored === 2)
  expect(received).toEqual([])
  expect(await broker.kernel.bridges.deadLetters('b')?.list()).toMatchObject([{ code: 'NOT_AUTHORIZED' }])
})

test('a record that came through this bridge before is not published again, but told as stored [hostile 52]', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far, { topic: 'devices/${key}' }) } })
  const received = await watcher(broker.kernel, 'devices/#')
  far.add(record('k', 'first'))
  await far.when(() => far.stored === 1)
  const via = received[0]?.headers.find(([name]) => name === 'robustmq-via')
  if (!via) throw new Error('nothing names the bridge')
  far.add({ ...record('k', 'looped'), headers: [via] }, record('k', 'second'))
  await far.when(() => far.stored === 3)
  expect(received.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['first', 'second'])
  expect(broker.kernel.bridges.get('b')).toMatchObject({ looped: 1 })
})

test('out and in again by two bridges ends after one round [hostile 52]', async () => {
  const far = new FarSide()
  far.taking = items =>
    far.add(
      ...items.map(({ value, via, id }) => ({
        ...record(value, value, id),
        headers: [['robustmq-via', via]] as const,
      })),
    )
  const options: BridgingOptions = {
    connections: { c: { plugin: far.plugin } },
    bridges: {
      out: { egress: 'loop/#', to: { connection: 'c' } },
      in: { ingress: { connection: 'c' }, publish: { topic: 'loop/${value}' } },
    },
  }
  await using broker = await startBroker({ kernel: { bridging: options } })
  const received = await watcher(broker.kernel, 'loop/#')
  broker.kernel.space().publish(new Message({ topic: 'loop/start', payload: Buffer.from('x'), guarantee: 1 }))
  await expect.poll(() => broker.kernel.bridges.get('out')?.looped).toBe(1)
  expect(received.map(({ topic }) => topic)).toEqual(['loop/start', 'loop/x'])
})
