import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { Wire } from '../../support/wire.ts'
import { client } from './client.ts'

const checkEveryMs = 10_000

function start(used: { memory: number; cpu: number; disk: number | undefined }): Promise<TestBroker> {
  const probes = { memory: () => used.memory, cpu: () => used.cpu, disk: async () => used.disk }
  const alarms = { memoryPercent: 70, cpuPercent: 80, diskPercent: 90, probes }
  return startBroker({ time: 'manual', kernel: { alarms } })
}

async function event(watcher: Wire): Promise<[topic: string, detail: unknown]> {
  const { topic, payload } = await watcher.next('publish')
  return [topic, JSON.parse(String(payload))]
}

test.each([
  ['memory', 71, 'memory use is 71 %, above 70 %'],
  ['cpu', 95.4, 'cpu use is 95 %, above 80 %'],
  ['disk', 91, 'disk use is 91 %, above 90 %'],
] as const)('the alarm %s is raised once, and cleared once, each told as an event', async (name, percent, text) => {
  const used = { memory: 1, cpu: 1, disk: 1 }
  await using broker = await start(used)
  await using watcher = await client(broker)
  await watcher.subscribe('$events/alarm/#')
  await broker.clock.advance(checkEveryMs)
  await watcher.nothing()
  used[name] = percent
  await broker.clock.advance(checkEveryMs)
  const raised = { name, message: text, raisedAt: broker.clock.now() }
  expect(broker.kernel.alarms.list()).toEqual([raised])
  const at = broker.clock.now()
  expect(await event(watcher)).toEqual(['$events/alarm/raised', { ...raised, node: 'robustmq', at }])
  await broker.clock.advance(checkEveryMs)
  await watcher.nothing()
  used[name] = 10
  await broker.clock.advance(checkEveryMs)
  expect(broker.kernel.alarms.list()).toEqual([])
  expect(await event(watcher)).toEqual([
    '$events/alarm/cleared',
    { ...raised, node: 'robustmq', at: at + 2 * checkEveryMs },
  ])
})

test('exactly the limit is no alarm', async () => {
  await using broker = await start({ memory: 70, cpu: 80, disk: 90 })
  await broker.clock.advance(checkEveryMs)
  expect(broker.kernel.alarms.list()).toEqual([])
})

test('a disk without a known limit raises none, and keeps the one that was raised', async () => {
  const used: { memory: number; cpu: number; disk: number | undefined } = { memory: 1, cpu: 1, disk: undefined }
  await using broker = await start(used)
  await broker.clock.advance(checkEveryMs)
  expect(broker.kernel.alarms.list()).toEqual([])
  used.disk = 99
  await broker.clock.advance(checkEveryMs)
  used.disk = undefined
  await broker.clock.advance(checkEveryMs)
  expect(broker.kernel.alarms.list()).toMatchObject([{ name: 'disk' }])
})

test('a probe that fails stops no other check, nor the next one', async () => {
  const used = { memory: 99, fails: true }
  const disk = async () => {
    if (used.fails) throw new Error('no such device')
    return 99
  }
  const alarms = { probes: { memory: () => used.memory, cpu: () => 1, disk } }
  await using broker = await startBroker({ time: 'manual', kernel: { alarms } })
  await broker.clock.advance(checkEveryMs)
  expect(broker.kernel.alarms.list()).toMatchObject([{ name: 'memory' }])
  used.fails = false
  await broker.clock.advance(checkEveryMs)
  expect(broker.kernel.alarms.list()).toMatchObject([{ name: 'memory' }, { name: 'disk' }])
})

test('without probes of one’s own the process and its storage are looked at', async () => {
  const none = { memoryPercent: 0, cpuPercent: 1e9, diskPercent: 0 }
  await using broker = await startBroker({ time: 'manual', storage: 'file', kernel: { alarms: none } })
  const raised = new Promise<unknown>(resolve => {
    broker.kernel.events.on('alarm.raised', ({ name }) => {
      if (name === 'disk') resolve(name)
    })
  })
  await broker.clock.advance(checkEveryMs)
  await raised
  expect(broker.kernel.alarms.list().map(({ name }) => name)).toEqual(['memory', 'disk'])
})
