import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, publishCode } from './client.ts'

const interval = 10_000

function start(kernel: object = {}): Promise<TestBroker> {
  return startBroker({ time: 'manual', mqtt: { sysInterval: interval }, kernel })
}

/** What is retained below a topic now, by topic. */
async function status(broker: TestBroker, below = '$SYS/#'): Promise<Map<string, string>> {
  const watcher = await client(broker)
  await watcher.subscribe(below)
  await watcher.ping()
  const topics = new Map(
    watcher.received.flatMap(packet => (packet.cmd === 'publish' ? [[packet.topic, String(packet.payload)]] : [])),
  )
  await watcher.end()
  return topics
}

test('every status topic of mosquitto(8) is there from the start, retained', async () => {
  await using broker = await start()
  const topics = await status(broker, '$SYS/broker/#')
  const names = [
    ...['bytes/received', 'bytes/sent'],
    ...['clients/active', 'clients/connected', 'clients/disconnected', 'clients/expired', 'clients/inactive'],
    ...['clients/maximum', 'clients/total', 'connections/socket/count'],
    ...['heap/current', 'heap/current size', 'heap/maximum', 'heap/maximum size'],
    ...['messages/inflight', 'messages/received', 'messages/sent', 'messages/stored'],
    ...['publish/bytes/received', 'publish/bytes/sent'],
    ...['publish/messages/dropped', 'publish/messages/received', 'publish/messages/sent'],
    ...['retained messages/count', 'shared_subscriptions/count', 'subscriptions/count'],
    ...['store/messages/bytes', 'store/messages/count', 'uptime', 'version'],
    ...[
      ...['bytes/received', 'bytes/sent', 'connections', 'messages/received', 'messages/sent'],
      ...['publish/dropped', 'publish/received', 'publish/sent', 'sockets'],
    ].flatMap(load => ['1min', '5min', '15min'].map(span => `load/${load}/${span}`)),
  ]
  expect([...topics.keys()].sort()).toEqual(names.map(name => `$SYS/broker/${name}`).sort())
  expect(topics.get('$SYS/broker/version')).toMatch(/^robustmq version \d+\.\d+\.\d+/)
  expect(topics.get('$SYS/broker/uptime')).toBe('0 seconds')
  expect(topics.get('$SYS/broker/load/sockets/1min')).toBe('0.00')
})

test('the numbers are those of the clients, at each interval', async () => {
  await using broker = await start()
  await using stays = await client(broker, { clientId: 'stays' })
  await using leaves = await client(broker, { clientId: 'leaves', properties: { sessionExpiryInterval: 3_600 } })
  await stays.subscribe('a/+')
  await stays.subscribe('$share/g/a/+')
  await leaves.publish('a/b', '12345')
  await leaves.publish('a/kept', 'x', { retain: true, qos: 1 })
  await leaves.ping()
  await leaves.end()
  await broker.clock.advance(interval)
  const topics = await status(broker, '$SYS/broker/#')
  const of = (name: string) => topics.get(`$SYS/broker/${name}`)
  expect(of('uptime')).toBe('10 seconds')
  expect(of('clients/total')).toBe('2')
  expect(of('clients/connected')).toBe('1')
  expect(of('clients/disconnected')).toBe('1')
  expect(of('clients/maximum')).toBe('2')
  expect(of('clients/expired')).toBe('0')
  expect(of('publish/messages/received')).toBe('2')
  expect(of('publish/bytes/received')).toBe('6')
  // To the plain and to the shared subscription each.
  expect(of('publish/messages/sent')).toBe('4')
  expect(of('publish/bytes/sent')).toBe('12')
  // CONNECT twice, SUBSCRIBE twice, PUBLISH twice, PINGREQ, DISCONNECT.
  expect(of('messages/received')).toBe('8')
  // CONNACK twice, SUBACK twice, PUBLISH four times, PUBACK, PINGRESP.
  expect(of('messages/sent')).toBe('10')
  expect(of('subscriptions/count')).toBe('1')
  expect(of('shared_subscriptions/count')).toBe('1')
  expect(of('connections/socket/count')).toBe('2')
  expect(Number(of('bytes/received'))).toBeGreaterThan(100)
  expect(Number(of('heap/current'))).toBeGreaterThan(1_000_000)
})

test('a session that expired is counted, and gone from the total', async () => {
  await using broker = await start()
  const leaves = await client(broker, { properties: { sessionExpiryInterval: 1 } })
  await leaves.end()
  await broker.clock.advance(interval)
  const topics = await status(broker, '$SYS/broker/clients/#')
  expect(topics.get('$SYS/broker/clients/expired')).toBe('1')
  expect(topics.get('$SYS/broker/clients/total')).toBe('0')
})

test('loads decay exponentially over 1, 5 and 15 minutes, by the formula of mosquitto', async () => {
  await using broker = await start()
  await using publisher = await client(broker)
  const rates = [12, 3, 0]
  const expected = [1, 5, 15].map(() => 0)
  for (const published of rates) {
    for (let i = 0; i < published; i++) await publisher.publish('load/t', 'x')
    await publisher.ping()
    await broker.clock.advance(interval)
    const perMinute = published * 6
    for (const [i, minutes] of [1, 5, 15].entries()) {
      expected[i] = perMinute + Math.exp(-10 / (minutes * 60)) * ((expected[i] ?? 0) - perMinute)
    }
  }
  const topics = await status(broker, '$SYS/broker/load/publish/received/+')
  expect([...topics.values()]).toEqual(expected.map(average => average.toFixed(2)))
})

test('only what changed is published again', async () => {
  await using broker = await start()
  await using watcher = await client(broker)
  await watcher.subscribe('$SYS/broker/retained messages/count', { rh: 2 })
  await watcher.subscribe('$SYS/broker/version', { rh: 2 })
  await watcher.subscribe('$SYS/broker/uptime', { rh: 2 })
  await broker.clock.advance(interval)
  await broker.clock.advance(interval)
  await watcher.ping()
  await watcher.publish('a', 'kept', { retain: true, qos: 1 })
  await broker.clock.advance(interval)
  await watcher.ping()
  const got = watcher.received.flatMap(packet => (packet.cmd === 'publish' ? [String(packet.payload)] : []))
  expect(got.filter(text => text.endsWith('seconds'))).toEqual(['10 seconds', '20 seconds', '30 seconds'])
  expect(got.filter(text => text.startsWith('robustmq'))).toEqual([])
  // The count of retained messages: of the first interval's own topics, and of the client's.
  expect(got.filter(text => /^\d+$/.test(text))).toHaveLength(2)
})

test('publishing them counts as nobody’s publish', async () => {
  await using broker = await start()
  await broker.clock.advance(interval * 3)
  const topics = await status(broker, '$SYS/broker/#')
  expect(topics.get('$SYS/broker/publish/messages/received')).toBe('0')
  expect(topics.get('$SYS/broker/messages/received')).toBe('0')
})

test('what a client drops for itself counts as dropped', async () => {
  await using broker = await start({ limits: { queueMessages: 2 } })
  const away = await client(broker, { clientId: 'away', properties: { sessionExpiryInterval: 3_600 } })
  await away.subscribe('a', { qos: 1 })
  await away.end()
  await using publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('a', String(i), { qos: 1 })
  await broker.clock.advance(interval)
  const topics = await status(broker, '$SYS/broker/#')
  expect(topics.get('$SYS/broker/publish/messages/dropped')).toBe('3')
})

test('a wildcard in the first level does not reach them [MQTT-4.7.2-1]', async () => {
  await using broker = await start()
  await using watcher = await client(broker)
  await watcher.subscribe([{ topic: '#' }, { topic: '+/broker/#' }, { topic: '+/broker/version' }])
  await broker.clock.advance(interval)
  await watcher.nothing()
})

test('a client may not publish there', async () => {
  await using broker = await start()
  await using watcher = await client(broker)
  await watcher.subscribe('$SYS/broker/version')
  await watcher.next('publish')
  await using intruder = await client(broker)
  for (const qos of [1, 2] as const) {
    expect(await publishCode(intruder, '$SYS/broker/version', 'forged', { qos, retain: true })).toBe(0x87)
  }
  await intruder.publish('$SYS/broker/version', 'forged')
  await intruder.ping()
  await watcher.nothing()
})

test('the node tells of itself, its statistics and its metrics', async () => {
  await using broker = await start({ node: 'node/1' })
  await using stays = await client(broker)
  await stays.publish('a', 'x', { qos: 1 })
  await stays.end()
  await broker.clock.advance(interval)
  const topics = await status(broker)
  const of = (name: string) => topics.get(`$SYS/brokers/node_1/${name}`)
  expect(topics.get('$SYS/brokers')).toBe('node/1')
  expect(of('version')).toMatch(/^\d+\.\d+\.\d+/)
  expect(of('sysdescr')).toBe('RobustMQ')
  expect(of('uptime')).toBe('10000')
  expect(of('datetime')).toBe(new Date(broker.clock.now()).toISOString())
  expect(of('stats/live_connections/count')).toBe('0')
  expect(of('metrics/packets/connect/received')).toBe('1')
  expect(of('metrics/messages/received')).toBe('1')
  expect(of('metrics/messages/dropped/no_subscribers')).toBeDefined()
})

test('no topic is published when the interval is 0', async () => {
  await using broker = await startBroker({ time: 'manual', mqtt: { sysInterval: 0 } })
  await broker.clock.advance(60_000)
  expect(await status(broker)).toEqual(new Map())
})

test('after a restart nothing of an earlier run is left', async () => {
  const mqtt = { sysInterval: interval }
  await using broker = await startBroker({ time: 'manual', storage: 'file', mqtt })
  await broker.clock.advance(interval)
  expect((await status(broker)).size).toBeGreaterThan(90)
  mqtt.sysInterval = 0
  await broker.restart()
  expect(await status(broker)).toEqual(new Map())
})

test('the interval can be changed while the broker runs: 0 takes the topics away', async () => {
  await using broker = await start()
  await using stays = await client(broker)
  await stays.ping()
  await broker.kernel.reloadProtocol('mqtt', { sysInterval: 0 })
  expect(await status(broker)).toEqual(new Map())
  await broker.clock.advance(interval)
  await broker.kernel.reloadProtocol('mqtt', { sysInterval: 2_000 })
  expect((await status(broker)).get('$SYS/broker/uptime')).toBeUndefined()
  await broker.clock.advance(2_000)
  const topics = await status(broker)
  expect(topics.get('$SYS/broker/uptime')).toBe('12 seconds')
  expect(topics.get('$SYS/broker/clients/connected')).toBe('1')
})

test('topics that begin later know who is connected, and load is not what came before', async () => {
  await using broker = await startBroker({ time: 'manual', mqtt: { sysInterval: 0 } })
  await using stays = await client(broker)
  await stays.publish('a', 'x', { qos: 1 })
  await broker.kernel.reloadProtocol('mqtt', { sysInterval: interval })
  await broker.clock.advance(interval)
  const topics = await status(broker)
  expect(topics.get('$SYS/broker/clients/maximum')).toBe('1')
  expect(topics.get('$SYS/broker/load/publish/received/1min')).toBe('0.00')
  expect(topics.get('$SYS/broker/publish/messages/received')).toBe('1')
})
