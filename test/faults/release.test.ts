import { expect, test } from 'vitest'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { durable, startOn } from './disk-broker.ts'

test('PUBCOMP of a repeated PUBREL comes when the release is stored, which found no room at first [MQTT-4.3.3-11]', async () => {
  const disk = new SimulatedDisk(1)
  const broker = await startOn(disk)
  const subscriber = await durable(broker, 'subscriber')
  await subscriber.subscribe('t', { qos: 1 })
  await subscriber.drop()
  const first = await durable(broker, 'publisher')
  first.sendPublish('t', 'first', { qos: 2, messageId: 1 })
  await first.next('pubrec')
  disk.capacity = disk.used
  first.send({ cmd: 'pubrel', messageId: 1 })
  await first.closed()
  disk.capacity = Number.POSITIVE_INFINITY
  const second = await durable(broker, 'publisher')
  second.send({ cmd: 'pubrel', messageId: 1 })
  await second.next('pubcomp')
  disk.kill()
  await second.drop()
  void broker.kernel.close()
  await using next = await startOn(disk.crash())
  const third = await durable(next, 'publisher')
  third.sendPublish('t', 'second', { qos: 2, messageId: 1 })
  await third.next('pubrec')
  const reader = await durable(next, 'subscriber')
  expect((await reader.collect(2)).map(({ text }) => text)).toEqual(['first', 'second'])
})
