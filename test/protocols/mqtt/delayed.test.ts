import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, message, messages, publishCode } from './client.ts'
import { filling } from './filling-storage.ts'

const unacceptable = 0x90
const kept = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 100_000 } }

test('a message is delivered when its seconds have passed, and not before', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('a/b')
  await using publisher = await client(broker)
  expect(await publishCode(publisher, '$delayed/5/a/b', 'later')).toBe(0)
  await broker.clock.advance(4_999)
  await watcher.nothing()
  await broker.clock.advance(1)
  expect(await message(watcher)).toEqual(['a/b', 'later'])
})

test('a number above 1e9 is a unix time in seconds', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('t')
  const at = Math.floor(broker.clock.now() / 1_000) + 60
  await publishCode(watcher, `$delayed/${at}/t`, 'then')
  await broker.clock.advance(at * 1_000 - broker.clock.now() - 1)
  await watcher.nothing()
  await broker.clock.advance(1)
  expect(await message(watcher)).toEqual(['t', 'then'])
})

test('a time that has passed is now, and so is a delay of 0', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('t')
  await publishCode(watcher, '$delayed/1000000001/t', 'long ago')
  await publishCode(watcher, '$delayed/0/t', 'at once')
  await broker.clock.advance(1)
  await watcher.ping()
  expect(messages(watcher)).toEqual([
    ['t', 'long ago'],
    ['t', 'at once'],
  ])
})

test('the target is taken as it stands: no leading slash is added, none is lost', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('#')
  for (const target of ['a', '/a', 'a/', '//', 'a b/$c']) await publishCode(watcher, `$delayed/1/${target}`)
  await broker.clock.advance(1_000)
  await watcher.ping()
  expect(messages(watcher).map(([topic]) => topic)).toEqual(['a', '/a', 'a/', '//', 'a b/$c'])
})

test.each([
  ...['$delayed', '$delayed/', '$delayed/5', '$delayed/5/', '$delayed/x/a', '$delayed/-1/a', '$delayed/1.5/a'],
  ...['$delayed/1e3/a', '$delayed//a', '$delayed/99999999999999999999/a'],
  ...['$delayed/1/$delayed/1/a', '$delayed/1/$SYS/broker/version', '$delayed/1/$sparkplug/certificates/a'],
  ...['$delayed/1/$share/g/a', '$delayed/1/$queue/a', '$delayed/1/$exclusive/a', '$delayed/1/$events/client/connected'],
])('%s is refused', async topic => {
  await using broker = await startBroker({ time: 'manual' })
  await using publisher = await client(broker)
  expect([unacceptable, 0x87]).toContain(await publishCode(publisher, topic))
  await broker.clock.advance(3_600_000)
  await publisher.subscribe([{ topic: '#' }, { topic: '$delayed/#' }])
  await publisher.nothing()
})

test.each([0, 1, 2] as const)('QoS, retain and properties arrive as published, at QoS %i', async qos => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('t', { qos: 2, rap: true })
  const properties = { userProperties: { a: '1' }, contentType: 'text/plain', messageExpiryInterval: 60 }
  await watcher.publish('$delayed/30/t', 'x', { qos, retain: true, properties })
  await watcher.ping()
  await broker.clock.advance(30_000)
  const [came] = await watcher.collect(1)
  // Its expiry counts from its delivery.
  expect(came).toMatchObject({
    topic: 't',
    qos,
    retain: true,
    properties: { ...properties, userProperties: { a: '1' } },
  })
  await watcher.nothing()
})

test('it survives a restart, also one that lasts past its time', async () => {
  await using broker = await startBroker({ time: 'manual', storage: 'file' })
  const watcher = await client(broker, kept)
  await watcher.subscribe('#', { qos: 1 })
  const publisher = await client(broker)
  await publishCode(publisher, '$delayed/10/soon', 'soon')
  await publisher.publish('$delayed/20/once', 'once', { qos: 2 })
  await publishCode(publisher, '$delayed/3600/later', 'later')
  await publisher.publish('$delayed/10/zero', 'zero')
  await publisher.ping()
  await broker.restart()
  await using back = await client(broker, kept)
  await broker.clock.advance(30_000)
  const came = await back.collect(3)
  expect(came.map(({ topic }) => topic).sort()).toEqual(['once', 'soon', 'zero'])
  await broker.clock.advance(3_600_000)
  expect(await back.collect(1)).toMatchObject([{ topic: 'later', text: 'later' }])
  await back.nothing()
})

test('it is delivered once: a restart after its time repeats nothing', async () => {
  await using broker = await startBroker({ time: 'manual', storage: 'file' })
  const watcher = await client(broker, kept)
  await watcher.subscribe('t', { qos: 1 })
  await publishCode(watcher, '$delayed/10/t')
  await broker.clock.advance(10_000)
  await watcher.collect(1)
  await watcher.ping()
  await broker.restart()
  await using back = await client(broker, kept)
  await broker.clock.advance(60_000)
  await back.nothing()
})

test('the same QoS 2 publish sent twice is delayed once', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('t')
  watcher.sendPublish('$delayed/5/t', 'x', { qos: 2, messageId: 7 })
  await watcher.take('pubrec')
  watcher.sendPublish('$delayed/5/t', 'x', { qos: 2, messageId: 7, dup: true })
  await watcher.take('pubrec')
  watcher.send({ cmd: 'pubrel', messageId: 7 })
  await watcher.take('pubcomp')
  await broker.clock.advance(5_000)
  await watcher.ping()
  expect(messages(watcher)).toEqual([['t', 'x']])
})

test('who may not publish to the target may not publish there later', async () => {
  await using broker = await startBroker({
    time: 'manual',
    kernel: { access: { rules: [{ effect: 'deny', action: 'publish', filters: ['secret/#'] }], noMatch: 'allow' } },
  })
  await using publisher = await client(broker)
  expect(await publishCode(publisher, '$delayed/1/secret/a')).toBe(0x87)
})

test('a right that was taken away meanwhile stops it', async () => {
  await using broker = await startBroker({ time: 'manual', kernel: { access: { rules: [], noMatch: 'allow' } } })
  await using watcher = await client(broker)
  await watcher.subscribe('a')
  expect(await publishCode(watcher, '$delayed/5/a')).toBe(0)
  const deny = { effect: 'deny', action: 'publish', filters: ['a'] } as const
  await broker.kernel.reloadAccess({ rules: [deny], noMatch: 'allow' })
  await broker.clock.advance(5_000)
  await watcher.nothing()
})

test.each([
  ['delayedMessages', { delayedMessages: 2 }],
  ['delayedBytes', { delayedBytes: 20 }],
] as const)('the limit %s refuses what is too much, and lets in again what has room', async (_, limits) => {
  await using broker = await startBroker({ time: 'manual', kernel: { limits } })
  await using publisher = await client(broker)
  const text = '0123456789'
  expect(await publishCode(publisher, '$delayed/5/a', text)).toBe(0)
  expect(await publishCode(publisher, '$delayed/9/a', text)).toBe(0)
  expect(await publishCode(publisher, '$delayed/5/a', text)).toBe(0x97)
  expect(await publishCode(publisher, 'a', text)).toBeLessThan(0x80)
  await broker.clock.advance(5_000)
  expect(await publishCode(publisher, '$delayed/5/a', text)).toBe(0)
})

test('the limit delayMs refuses what is too far ahead', async () => {
  await using broker = await startBroker({ time: 'manual', kernel: { limits: { delayMs: 60_000 } } })
  await using publisher = await client(broker)
  expect(await publishCode(publisher, '$delayed/60/a')).toBe(0)
  expect(await publishCode(publisher, '$delayed/61/a')).toBe(0x97)
})

test('a full disk refuses new ones, and keeps what was taken until there is room', async () => {
  const disk = { full: false }
  await using broker = await startBroker({ time: 'manual', kernel: { storage: { plugin: filling(disk) } } })
  const watcher = await client(broker, kept)
  await watcher.subscribe('a', { qos: 1 })
  await watcher.end()
  await using publisher = await client(broker)
  expect(await publishCode(publisher, '$delayed/5/a', 'taken')).toBe(0)
  disk.full = true
  expect(await publishCode(publisher, '$delayed/5/a', 'refused')).toBe(0x97)
  await broker.clock.advance(60_000)
  disk.full = false
  await broker.clock.advance(5_000)
  await using back = await client(broker, kept)
  expect(await message(back)).toEqual(['a', 'taken'])
  await back.nothing()
})

test('a will may not be delayed by its topic', async () => {
  await using broker = await startBroker()
  const refused = await broker.wire()
  const { reasonCode } = await refused.connect({
    will: { topic: '$delayed/5/a', payload: Buffer.from('x'), qos: 0, retain: false },
  })
  expect(reasonCode).toBe(unacceptable)
})
