import { expect, test } from 'vitest'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { durable, startOn } from './disk-broker.ts'

/** How many delayed messages there are when a publisher repeats its PUBLISH after a loss of power at this operation. */
async function kept(seed: number, operations: number): Promise<number> {
  const disk = new SimulatedDisk(seed)
  const broker = await startOn(disk)
  const publisher = await durable(broker, 'publisher')
  disk.operationsLeft = operations
  publisher.sendPublish('$delayed/3600/t', 'once', { qos: 2, messageId: 1 })
  await Promise.race([disk.died, publisher.next('pubrec')])
  disk.kill()
  await publisher.drop()
  void broker.kernel.close()
  await using next = await startOn(disk.crash())
  const again = await durable(next, 'publisher')
  again.sendPublish('$delayed/3600/t', 'once', { qos: 2, messageId: 1, dup: true })
  await again.next('pubrec')
  for (const { name, value } of next.kernel.counters.all()) if (name === 'delayed_messages') return value
  return 0
}

test('a delayed message of QoS 2 is kept once, whenever the power is cut', async () => {
  const counts = new Set<number>()
  for (let seed = 1; seed <= 6; seed++) {
    for (let operations = 0; operations < 8; operations++) counts.add(await kept(seed, operations))
  }
  expect([...counts]).toEqual([1])
})
