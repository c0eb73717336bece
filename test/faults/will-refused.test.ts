import { expect, test } from 'vitest'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { durable, startOn } from './disk-broker.ts'

test('a will that found no room comes after a restart, whatever of the log was written again meanwhile', async () => {
  const disk = new SimulatedDisk(1)
  const broker = await startOn(disk, { time: 'manual', kernel: { spoolBlock: 1 } })
  const full = new Promise(resolve => broker.kernel.events.on('alarm.raised', resolve))
  for (const clientId of ['watcher', 'away']) {
    const one = await durable(broker, clientId)
    await one.subscribe(clientId, { qos: 1 })
    await one.drop()
  }
  const publisher = await durable(broker, 'publisher')
  await publisher.publish('away', 'keeps the log from here on', { qos: 1 })
  const will = { topic: 'watcher', payload: 'gone', qos: 1, retain: false } as const
  const doomed = await durable(broker, 'doomed', { will })
  disk.capacity = disk.used
  await doomed.drop()
  await full
  expect(await publisher.publish('away', 'refused', { qos: 1 })).toMatchObject([{ reasonCode: 0x97 }])
  disk.capacity = Number.POSITIVE_INFINITY
  // Far more than is referred to: what is referred to is written again.
  for (let i = 0; i < 100; i++) await publisher.publish('nobody', `${i}`, { qos: 2 })
  disk.kill()
  await publisher.drop()
  void broker.kernel.close()
  await using next = await startOn(disk.crash())
  const watcher = await durable(next, 'watcher')
  expect(await watcher.take('publish')).toMatchObject({ text: 'gone' })
})
