import { expect, test } from 'vitest'
import { Message } from '../../kernel/index.ts'
import { FarSide } from '../kernel/bridging/far-side.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { startOn } from './disk-broker.ts'

test('a bridge sends nothing that a loss of power could still take back', async () => {
  const disk = new SimulatedDisk(1)
  const far = new FarSide()
  const bridge = { egress: 'in/#', to: { connection: 'c' }, delivery: { linger: 0 } }
  const bridging = { connections: { c: { plugin: far.plugin } }, bridges: { b: bridge } }
  await using broker = await startOn(disk, { kernel: { bridging } })
  const publish = async (payload: string) =>
    broker.kernel.space().publish(new Message({ topic: 'in/x', payload: Buffer.from(payload), guarantee: 1 }))
  await publish('durable')
  await far.until(1)
  const held: (() => void)[] = []
  disk.latency = when => (when === 'before' ? new Promise(resolve => held.push(resolve)) : undefined)
  const published = publish('not yet')
  for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate)
  const sent = [...far.values]
  expect(held.length).toBeGreaterThan(0)
  disk.latency = () => undefined
  for (const go of held) go()
  await published
  expect(sent).toEqual(['durable'])
  await far.until(2)
  expect(far.values).toEqual(['durable', 'not yet'])
})
