import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, properties, text, u16 } from '../../support/bytes.ts'
import { client, expectDisconnect } from './clients.ts'

/** Filter, topics that it matches, topics that it does not. */
const matching: readonly [string, readonly string[], readonly string[]][] = [
  ['a', ['a'], ['A', 'a/', '/a', 'a/b', 'aa', ' a', 'a ']],
  ['a/b', ['a/b'], ['a', 'a/', 'a//b', 'a/b/', '/a/b', 'a/b/c']],
  ['/', ['/'], ['a', '//', '/a', 'a/']],
  ['//', ['//'], ['/', '///', 'a//']],
  ['/a', ['/a'], ['a', '/a/', '//a']],
  ['#', ['a', 'a/b', '/', '/a', 'a/', 'a/b/c/d'], ['$a', '$a/b']],
  ['+', ['a', ' '], ['/', '/a', 'a/', 'a/b', '$a']],
  ['/+', ['/a', '/'], ['a', '//', '/a/b']],
  ['+/+', ['a/b', '/', '/a', 'a/'], ['a', 'a/b/c', '//', '$a/b']],
  ['a/#', ['a', 'a/', 'a/b', 'a/b/c', 'a//'], ['b', 'ab', 'A/b', '/a']],
  ['a/+', ['a/b', 'a/'], ['a', 'a/b/c', 'b/a', 'a//']],
  ['a/+/b', ['a/x/b', 'a//b'], ['a/b', 'a/x/y/b', 'a/x/b/']],
  ['+/a/#', ['x/a', '/a', 'x/a/b/c'], ['a', 'x/b', 'x/y/a', '$x/a']],
  ['+/+/#', ['a/b', 'a/b/c', '/', '//'], ['a', '$a/b']],
  ['a/+/#', ['a/b', 'a/b/c', 'a/'], ['a', 'b/a']],
  ['sport/+/player1', ['sport/tennis/player1'], ['sport/player1', 'sport/tennis/player2']],
  ['$x/#', ['$x', '$x/a', '$x/a/b'], ['x', 'x/a', '$y/a']],
  ['$x/+', ['$x/a'], ['$x', '$x/a/b']],
  ['a/$b', ['a/$b'], ['a/b']],
  ['a/+/$c', ['a/b/$c'], ['a/b/c']],
  ['ä/\u{1f600}', ['ä/\u{1f600}'], ['a\u0308/\u{1f600}', 'ä/\u{1f601}']],
  ['\ufeffa', ['\ufeffa'], ['a']],
]

test.each(matching)(
  'filter %j matches what it should, as sent, and nothing else [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.2-1] [MQTT-4.7.3-4] [MQTT-1.5.4-3] [MQTT-3.3.2-3]',
  async (filter, hits, misses) => {
    await using broker = await startBroker()
    const one = await client(broker)
    expect((await one.subscribe(filter)).granted).toEqual([0])
    for (const topic of [...misses, ...hits]) await one.publish(topic, '')
    expect((await one.collect(hits.length)).map(({ topic }) => topic)).toEqual(hits)
    await one.nothing()
  },
)

test.each(matching)(
  'filter %j finds the same among retained messages [MQTT-4.7.2-1] [MQTT-4.7.3-4]',
  async (filter, hits, misses) => {
    await using broker = await startBroker()
    const one = await client(broker)
    for (const topic of [...misses, ...hits]) await one.publish(topic, 'x', { retain: true })
    await one.subscribe(filter)
    const found = (await one.collect(hits.length)).map(({ topic }) => topic)
    expect(found.sort()).toEqual([...hits].sort())
    await one.nothing()
  },
)

test.each([
  '#a',
  'a#',
  'a/#/b',
  '#/a',
  '##',
  'a/##',
  'a/b#',
  '+a',
  'a+',
  'a/+b',
  'a/b+',
  '++',
  'a/++/b',
  '+#',
  '#+',
  '/#/',
])('filter %j is malformed, in SUBSCRIBE and in UNSUBSCRIBE [MQTT-4.7.1-1] [MQTT-4.7.1-2]', async filter => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(frame(0x82, u16(1), properties(), text('ok'), byte(0), text(filter), byte(1)))
  await expectDisconnect(one, 0x81)
  const two = await client(broker)
  two.sendRaw(frame(0xa2, u16(1), properties(), text(filter)))
  await expectDisconnect(two, 0x81)
})

test.each(['a/+', '+', '#', 'a/#', 'a+b', 'a#b'])(
  'a topic name with a wildcard, %j, ends its connection [MQTT-4.7.0-1] [MQTT-3.3.2-2]',
  async topic => {
    await using broker = await startBroker()
    const watcher = await client(broker)
    await watcher.subscribe('#')
    for (const qos of [0, 1, 2] as const) {
      const one = await client(broker)
      one.sendPublish(topic, 'x', { qos })
      const { reasonCode } = await one.closed()
      expect([0x81, 0x82, 0x90]).toContain(reasonCode)
    }
    await watcher.nothing()
  },
)

test('a topic name that is empty, or has U+0000, ends its connection [MQTT-4.7.3-1] [MQTT-4.7.3-2]', async () => {
  await using broker = await startBroker()
  const empty = await client(broker)
  empty.sendRaw(frame(0x30, text(''), properties()))
  expect([0x81, 0x82]).toContain((await empty.closed()).reasonCode)
  const zero = await client(broker)
  zero.sendRaw(frame(0x30, text('a\0b'), properties()))
  await expectDisconnect(zero, 0x81)
})

test('a topic name and a filter may have 65,535 bytes [MQTT-4.7.3-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const topic = 't'.repeat(65_535)
  expect((await one.subscribe(topic, { qos: 1 })).granted).toEqual([1])
  await one.publish(topic, 'x', { qos: 1 })
  expect((await one.next('publish')).topic).toBe(topic)
  expect((await one.unsubscribe(topic)).granted).toEqual([0])
})

test('a filter of too many levels is refused, a topic of too many refused by 0x90', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const deep = Array.from({ length: 500 }, () => 'a').join('/')
  expect((await one.subscribe(deep)).granted).toEqual([0x8f])
  expect(await one.publish(deep, 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x90 }])
  expect(await one.publish(deep, 'x', { qos: 2 })).toMatchObject([{ reasonCode: 0x90 }])
})

test('clients may not publish to topics of the server: 0x87', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker)
  const one = await client(broker)
  await watcher.subscribe('$SYS/#')
  for (const topic of ['$SYS/x', '$SYS', '$share/g/t', '$queue/t', '$exclusive/t', '$events/x', '$sparkplug/x']) {
    expect(await one.publish(topic, 'x', { qos: 1 })).toMatchObject([{ cmd: 'puback', reasonCode: 0x87 }])
    expect(await one.publish(topic, 'x', { qos: 2 })).toMatchObject([{ cmd: 'pubrec', reasonCode: 0x87 }])
  }
  await one.publish('$SYS/x', 'x')
  await watcher.nothing()
})

test('names that mean something to JavaScript are plain topics', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__proto__/x', 'valueOf/constructor']
  for (const topic of names) {
    await one.subscribe(topic)
    await one.publish(topic, 'x', { retain: true })
    expect((await one.next('publish')).topic).toBe(topic)
    expect((await one.unsubscribe(topic)).granted).toEqual([0])
  }
})

test('exclusive: the second subscriber is refused until the first lets go', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const two = await client(broker)
  expect((await one.subscribe('$exclusive/t', { qos: 1 })).granted).toEqual([1])
  expect((await two.subscribe('$exclusive/t', { qos: 1 })).granted).toEqual([0x97])
  // Its holder may change it, and others may subscribe plainly.
  expect((await one.subscribe('$exclusive/t', { qos: 2 })).granted).toEqual([2])
  expect((await two.subscribe('t')).granted).toEqual([0])
  await two.publish('t', 'x')
  expect((await one.next('publish')).topic).toBe('t')
  await two.collect(1)
  expect((await one.unsubscribe('$exclusive/t')).granted).toEqual([0])
  expect((await two.subscribe('$exclusive/t')).granted).toEqual([0])
  await two.end()
  expect((await one.subscribe('$exclusive/t')).granted).toEqual([0])
})

test.each(['$exclusive', '$exclusive/', '$exclusive/a/+', '$exclusive/#'])(
  'exclusive takes topics only: %j is refused',
  async filter => {
    await using broker = await startBroker()
    const one = await client(broker)
    expect((await one.subscribe(filter)).granted).toEqual([0x8f])
  },
)

test('the filter may be as deep as the topic, wildcards included, and is found by the trie at every depth [MQTT-4.7.1-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const topic = Array.from({ length: 100 }, (_, i) => `${i}`).join('/')
  const filters = [0, 1, 50, 98, 99].map(at =>
    topic
      .split('/')
      .map((level, i) => (i === at ? '+' : level))
      .join('/'),
  )
  await one.subscribe(filters.map((filter, i) => ({ topic: filter, qos: (i % 3) as 0 | 1 | 2 })))
  await one.publish(topic, 'x', { qos: 2 })
  expect(await one.collect(1)).toMatchObject([{ topic, qos: 2 }])
  await one.nothing()
})

test('a packet identifier may be any but 0 [MQTT-2.2.1-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  for (const id of [1, 255, 256, 65_535]) {
    one.sendRaw(frame(0x82, u16(id), properties(), text('t'), byte(0)))
    expect((await one.next('suback')).messageId).toBe(id)
  }
})
