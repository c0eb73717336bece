import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, message } from './client.ts'

function reload(broker: TestBroker, options: Record<string, unknown>): Promise<boolean> {
  return broker.kernel.reloadProtocol('mqtt', { sysInterval: 0, ...options })
}

test('new options hold for connections made from then on; open ones keep what CONNACK told them', async () => {
  await using broker = await startBroker({ mqtt: { receiveMaximum: 10 } })
  await using before = await client(broker)
  expect(await reload(broker, { receiveMaximum: 20, rewrite: [{ filter: 'old/#', to: 'new/$1' }] })).toBe(true)
  const after = await broker.wire()
  expect((await after.connect()).properties?.receiveMaximum).toBe(20)
  await after.subscribe('#')
  await before.publish('old/t', '1')
  expect(await message(after)).toEqual(['old/t', '1'])
  await after.publish('old/t', '2')
  expect(await message(after)).toEqual(['new/t', '2'])
  await after.end()
})

test('a redirect can begin and end', async () => {
  await using broker = await startBroker()
  await reload(broker, { redirect: { to: 'other:1883' } })
  const sent = await broker.wire()
  const refused = await sent.connect()
  expect([refused.reasonCode, refused.properties?.serverReference]).toEqual([0x9c, 'other:1883'])
  await reload(broker, {})
  await using _ = await client(broker)
})

test('an auto-subscription is made for who connects after it was configured', async () => {
  await using broker = await startBroker()
  await reload(broker, { autoSubscribe: [{ filter: 'news' }] })
  await using one = await client(broker)
  await one.publish('news', 'x')
  expect(await message(one)).toEqual(['news', 'x'])
})

test('events of clients can be turned on and off', async () => {
  await using broker = await startBroker({ mqtt: { clientEvents: false } })
  await using watcher = await client(broker)
  await watcher.subscribe('$events/client/connected')
  await reload(broker, { clientEvents: true })
  await using _ = await client(broker, { clientId: 'seen' })
  expect((await message(watcher))[1]).toContain('"seen"')
  await reload(broker, { clientEvents: false })
  await using __ = await client(broker, { clientId: 'unseen' })
  await watcher.nothing()
})

test('the interval of status topics can change, end and begin', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('$SYS/broker/uptime')
  await reload(broker, { sysInterval: 1_000 })
  expect((await message(watcher))[1]).toBe('0 seconds')
  await broker.clock.advance(1_000)
  expect((await message(watcher))[1]).toBe('1 seconds')
  await reload(broker, { sysInterval: 5_000 })
  await broker.clock.advance(5_000)
  expect((await message(watcher))[1]).toBe('6 seconds')
  await reload(broker, { sysInterval: 0 })
  expect((await message(watcher))[1]).toBe('')
  await broker.clock.advance(60_000)
  await watcher.nothing()
})

test('options that are wrong change nothing', async () => {
  await using broker = await startBroker({ mqtt: { rewrite: [{ filter: 'a', to: 'b' }] } })
  await expect(reload(broker, { rewrite: [{ filter: 'a', match: '(', to: 'c' }] })).rejects.toThrow('rewrite[0].match')
  await expect(reload(broker, { receiveMaximum: 0 })).rejects.toThrow('receiveMaximum')
  await using one = await client(broker)
  await one.subscribe('#')
  await one.publish('a', 'x')
  expect(await message(one)).toEqual(['b', 'x'])
})
