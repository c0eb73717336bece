import { expect, onTestFinished, test } from 'vitest'
import type { KernelOptions } from '../../../kernel/index.ts'
import { mqtt } from '../../../protocols/mqtt/index.ts'
import { count } from '../../hostile/house.ts'
import { type Wire, wire } from '../../support/wire.ts'
import { startWorkers, type TestWorkers } from '../../support/workers.ts'

async function start(options: Partial<KernelOptions> = {}): Promise<TestWorkers> {
  const listener = { name: 'tcp', protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port: 0 } as const
  const protocols = [{ plugin: mqtt, options: { sysInterval: 0 } }]
  const workers = await startWorkers({ protocols, listeners: [listener], ...options }, 2)
  onTestFinished(() => workers.owner.close())
  return workers
}

async function client(workers: TestWorkers, worker: number, options: { clientId?: string } = {}): Promise<Wire> {
  const opened = await wire(workers.workers[worker]?.listeners[0]?.port ?? 0)
  const { reasonCode } = await opened.connect(options)
  expect(reasonCode).toBe(0)
  onTestFinished(() => opened[Symbol.asyncDispose]())
  return opened
}

test('a fan-out crosses once, however many clients of a worker get it', async () => {
  const workers = await start()
  const subscribers = await Promise.all(Array.from({ length: 20 }, () => client(workers, 0)))
  for (const subscriber of subscribers) await subscriber.subscribe('t')
  const publisher = await client(workers, 1)
  const before = workers.sentBytes(0)
  await publisher.publish('t', 'x'.repeat(10_000))
  for (const subscriber of subscribers) expect((await subscriber.next('publish')).payload).toHaveLength(10_000)
  const crossed = workers.sentBytes(0) - before
  expect(crossed).toBeGreaterThan(10_000)
  expect(crossed).toBeLessThan(20_000)
})

test('a worker that does not read makes the owner hold no more than queues may', async () => {
  const queueBytes = 200_000
  const workers = await start({ limits: { queueBytes, memoryBytes: 0 } })
  const frozen = await client(workers, 0)
  await frozen.subscribe('t')
  const healthy = await client(workers, 1)
  await healthy.subscribe('t')
  const publisher = await client(workers, 1)
  workers.freeze(0)
  const payload = 'x'.repeat(20_000)
  for (let i = 0; i < 400; i++) {
    await publisher.publish('t', payload, { qos: 1 })
    // Others go on as if nothing were.
    expect((await healthy.next('publish')).payload).toHaveLength(payload.length)
  }
  // What the sockets hold, 1 MiB of the link, the message after that, and the queue.
  expect(workers.pendingBytes(0)).toBeLessThan(1_100_000)
  expect(count(workers.owner, 'queued_message_bytes')).toBeLessThan(queueBytes + payload.length)
  expect(count(workers.owner, 'messages_dropped', { reason: 'queue-full' })).toBeGreaterThan(200)
  workers.thaw(0)
  expect((await frozen.next('publish')).payload).toHaveLength(payload.length)
})

test('while the owner does not read, publishers wait, and nothing is lost', async () => {
  const workers = await start()
  const watcher = await client(workers, 1)
  await watcher.subscribe('t', { qos: 1 })
  const publisher = await client(workers, 0)
  workers.freezeOwner(0)
  const messages = 300
  const payload = 'x'.repeat(20_000)
  for (let i = 0; i < messages; i++) publisher.sendPublish('t', `${i} ${payload}`, { qos: 1 })
  await workers.until(() => workers.workerPendingBytes(0) > 1_048_576)
  // Two more rounds of everything: the worker has stopped reading its client, far from the end.
  for (let i = 0; i < 2; i++) await watcher.ping()
  expect(workers.workerPendingBytes(0)).toBeLessThan(2_500_000)
  workers.thawOwner(0)
  const got = await watcher.collect(messages)
  expect(got.map(({ text }) => Number(text.split(' ')[0]))).toEqual(Array.from({ length: messages }, (_, i) => i))
})

test('a worker that is lost ends its clients as a cut cable does: wills, sessions, limits, numbers', async () => {
  const workers = await start()
  const watcher = await client(workers, 1)
  await watcher.subscribe('will')
  const doomed = await wire(workers.workers[0]?.listeners[0]?.port ?? 0)
  await doomed.connect({ will: { topic: 'will', payload: Buffer.from('dead') } })
  const kept = await wire(workers.workers[0]?.listeners[0]?.port ?? 0)
  await kept.connect({ clientId: 'kept', properties: { sessionExpiryInterval: 100 } })
  await watcher.ping()
  expect(count(workers.owner, 'net_connections')).toBe(3)
  workers.cut(0)
  expect(String((await watcher.next('publish')).payload)).toBe('dead')
  await doomed.closed()
  expect(count(workers.owner, 'sessions')).toBe(2)
  expect(count(workers.owner, 'sessions_connected')).toBe(1)
  expect(count(workers.owner, 'net_connections')).toBe(1)
  const back = await wire(workers.workers[1]?.listeners[0]?.port ?? 0)
  onTestFinished(() => back[Symbol.asyncDispose]())
  expect(await back.connect({ clientId: 'kept', clean: false })).toMatchObject({ sessionPresent: true })
})

test('what waits for the owner when it is lost is not answered: neither taken nor refused', async () => {
  const workers = await start()
  const publisher = await client(workers, 0)
  workers.freezeOwner(0)
  const before = workers.workerSentBytes(0)
  publisher.sendPublish('t', 'x', { qos: 1 })
  publisher.sendPublish('t', 'x', { qos: 2 })
  await workers.until(() => workers.workerSentBytes(0) > before)
  workers.cut(0)
  await publisher.closed()
  expect(publisher.received.map(({ cmd }) => cmd)).toEqual(['connack', 'disconnect'])
})
