import { expect, test } from 'vitest'
import type { TestBroker } from '../support/broker.ts'
import { ManualClock } from '../support/clock.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { durable, startOn } from './disk-broker.ts'

const properties = { sessionExpiryInterval: 100 }

/** Crashes and restarts at one clock, on what was synced. */
class House {
  readonly clock = new ManualClock()
  disk = new SimulatedDisk(1)
  broker: TestBroker | undefined

  async start(): Promise<TestBroker> {
    this.broker = await startOn(this.disk, { kernel: { clock: this.clock } })
    return this.broker
  }

  crash(): void {
    void this.broker?.kernel.close()
    this.disk = this.disk.crash()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker?.[Symbol.asyncDispose]()
  }
}

async function isThere(broker: TestBroker): Promise<boolean> {
  const client = await broker.wire()
  return (await client.connect({ clientId: 'one', clean: false, properties })).sessionPresent
}

test('who was connected at a crash has its expiry from the first start after it, however often that crashes', async () => {
  await using house = new House()
  await durable(await house.start(), 'one', { properties })
  for (let crashes = 0; crashes < 3; crashes++) {
    house.crash()
    await house.start()
    await house.clock.advance(40_000)
  }
  expect(await isThere(house.broker!)).toBe(false)
})

test('an expiry that a crash interrupted is over no sooner than it was to be', async () => {
  await using house = new House()
  await durable(await house.start(), 'one', { properties })
  await house.clock.advance(500_000)
  for (let crashes = 0; crashes < 2; crashes++) {
    house.crash()
    await house.start()
    await house.clock.advance(49_000)
  }
  expect(await isThere(house.broker!)).toBe(true)
})

test('an end that found no room is stored when there is some', async () => {
  await using house = new House()
  const broker = await house.start()
  const gone = new Promise(resolve => broker.kernel.events.on('session.detached', resolve))
  const one = await durable(broker, 'one', { properties })
  house.disk.capacity = house.disk.used
  await one.drop()
  await gone
  await house.clock.advance(4_000)
  house.disk.capacity = Number.POSITIVE_INFINITY
  await house.clock.advance(2_000)
  // It is written to the same table, so behind that end.
  await durable(broker, 'another')
  await house.clock.advance(34_000)
  house.crash()
  await house.start()
  await house.clock.advance(70_000)
  expect(await isThere(house.broker!)).toBe(false)
})
