import { expect, test } from 'vitest'
import { createKernel } from '../../kernel/index.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { durable, startOn } from './disk-broker.ts'

test('a failed fsync is told once, durable work is refused from then on, and a restart finds what was acknowledged', async () => {
  const disk = new SimulatedDisk(7)
  const broker = await startOn(disk)
  const told: string[] = []
  broker.kernel.events.on('storage.failed', (_, name) => told.push(name))
  const subscriber = await durable(broker, 'subscriber')
  await subscriber.subscribe('d/#', { qos: 2 })
  await subscriber.drop()
  const sender = await durable(broker, 'sender', { clean: true, properties: {} })
  await sender.publish('d/t', 'kept 1', { qos: 1 })
  await sender.publish('d/t', 'kept 2', { qos: 2 })

  disk.fault = operation => (operation === 'sync' ? 'EIO' : undefined)
  expect(await sender.publish('d/t', 'lost', { qos: 1 })).toMatchObject([{ cmd: 'puback', reasonCode: 0x83 }])
  disk.fault = () => undefined
  // Trying again would lie: nobody knows what is on the disk.
  expect(await sender.publish('d/t', 'refused', { qos: 2 })).toMatchObject([{ cmd: 'pubrec', reasonCode: 0x83 }])
  expect(await sender.publish('r/t', 'refused', { qos: 1, retain: true })).toMatchObject([{ reasonCode: 0x83 }])
  const late = await broker.wire()
  const refusal = await late.connect({ clientId: 'late', clean: false, properties: { sessionExpiryInterval: 60 } })
  expect(refusal.reasonCode).toBe(0x88)
  expect(told).toEqual(['storage.failed'])
  expect(broker.kernel.alarms.list().map(({ name }) => name)).not.toContain('storage-full')

  const live = await durable(broker, 'live', { clean: true, properties: {} })
  await live.subscribe('live/t')
  await sender.publish('live/t', 'goes on')
  expect((await live.next('publish')).text).toBe('goes on')

  await sender.drop()
  await live.drop()
  await broker.kernel.close().catch(() => {})
  const next = await startOn(disk.crash())
  const again = await durable(next, 'subscriber')
  const marker = await durable(next, 'marker', { clean: true, properties: {} })
  await marker.publish('d/t', 'after', { qos: 1 })
  const texts: string[] = []
  while (!texts.includes('after')) texts.push(...(await again.collect(1)).map(({ text }) => text))
  // What was under way when the disk failed may be there or not; what was refused after it is not.
  expect(texts.filter(text => text !== 'lost')).toEqual(['kept 1', 'kept 2', 'after'])
  await next[Symbol.asyncDispose]()
})

test('a session that ends while the disk is full leaves no subscription to the next one of its name', async () => {
  const disk = new SimulatedDisk(9)
  let broker = await startOn(disk)
  const first = await durable(broker, 'name')
  await first.subscribe('d/#', { qos: 1 })
  disk.capacity = disk.used
  const refused = await broker.wire()
  const code = (await refused.connect({ clientId: 'name', clean: true, properties: { sessionExpiryInterval: 60 } }))
    .reasonCode
  expect(code).toBe(0x97)
  await refused.closed()
  disk.capacity = Number.POSITIVE_INFINITY
  const second = await durable(broker, 'name')
  await second.drop()
  await broker.kernel.close()
  broker = await startOn(disk)
  const third = await durable(broker, 'name')
  const sender = await durable(broker, 'sender', { clean: true, properties: {} })
  await sender.publish('d/t', 'nobody', { qos: 1 })
  await third.nothing()
  await broker[Symbol.asyncDispose]()
})

test('a clean start is answered only when what it ended is gone from the disk', async () => {
  const disk = new SimulatedDisk(11)
  const broker = await startOn(disk)
  const first = await durable(broker, 'name')
  await first.subscribe('d/#', { qos: 1 })
  disk.capacity = disk.used
  const connect = async () => {
    await using wire = await broker.wire()
    return (await wire.connect({ clientId: 'name', clean: true })).reasonCode
  }
  // The session is over, but its rows cannot be removed: neither by the one that ended it nor by those that find none.
  expect(await connect()).toBe(0x97)
  expect(await connect()).toBe(0x97)
  disk.capacity = Number.POSITIVE_INFINITY
  expect(await connect()).toBe(0)
  disk.kill()
  void broker.kernel.close()
  await using next = await startOn(disk.crash())
  const back = await durable(next, 'name')
  expect(back.received[0]).toMatchObject({ cmd: 'connack', sessionPresent: false })
})

test('a storage that fails while the broker starts is told by that start: nobody listens to its events yet', async () => {
  const inner = fileOn(new SimulatedDisk(1))
  const plugin: typeof inner = {
    ...inner,
    open: async (host, options) => {
      const storage = await inner.open(host, options)
      host.failed(new Error('the disk is gone'))
      return storage
    },
  }
  const storage = { plugin, options: { directory: '/data' } }
  await expect(createKernel({ protocols: [], storage })).rejects.toThrow('the disk is gone')
})
