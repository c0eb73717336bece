import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, resident } from './clients.ts'
import { cut } from './cut.ts'
import { hex, packet } from './raw.ts'

const options = { time: 'manual', storage: 'file' } as const
const connect = (flags: string) => packet(0x10, `'MQTT' 05 ${flags} 0000 05 11 0000003c 'p'`)
const disconnect = packet(0xe0, '')

describe('a client that writes all it has to say at once', () => {
  test.each([
    ['QoS 0', packet(0x30, '\'t\' 00 "x"')],
    ['QoS 1', packet(0x32, '\'t\' 0001 00 "x"')],
    ['QoS 2', Buffer.concat([packet(0x34, '\'t\' 0001 00 "x"'), packet(0x62, '0001')])],
  ])('has its publish at %s delivered, though it has left', async (_name, publish) => {
    await using broker = await startBroker(options)
    await using watcher = await resident(broker, 'watcher', { clean: true })
    await watcher.subscribe('t', { qos: 2 })
    await using one = await broker.wire()
    one.sendRaw(Buffer.concat([connect('02'), publish, disconnect]))
    await one.closed()
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['x'])
    await watcher.nothing()
  })
  test('has its subscriptions made and ended, though it has left', async () => {
    await using broker = await startBroker(options)
    await using one = await broker.wire()
    one.sendRaw(Buffer.concat([connect('02'), packet(0x82, "0001 00 'a' 01 'b' 01"), disconnect]))
    await one.closed()
    await using two = await broker.wire()
    two.sendRaw(Buffer.concat([connect('00'), packet(0xa2, "0001 00 'a'"), disconnect]))
    await two.closed()
    await using publisher = await client(broker)
    for (const topic of ['a', 'b']) await publisher.publish(topic, topic, { qos: 1 })
    await broker.restart()
    await using back = await resident(broker, 'p')
    expect((await back.collect(1)).map(({ text }) => text)).toEqual(['b'])
    await back.nothing()
  })
  test('gets its answers in the order in which it asked, PUBREC before PUBCOMP', async () => {
    await using broker = await startBroker(options)
    await using watcher = await resident(broker, 'watcher', { clean: true })
    await watcher.subscribe('t', { qos: 2 })
    await using one = await resident(broker, 'p', { clean: true })
    const parts: Buffer[] = []
    for (const id of ['0001', '0002', '0003']) {
      parts.push(packet(0x34, `'t' ${id} 00 "${id}"`), packet(0x3c, `'t' ${id} 00 "${id}"`), packet(0x62, id))
    }
    one.sendRaw(Buffer.concat(parts))
    const answers = []
    for (let i = 0; i < 9; i++) answers.push(await one.next())
    for (const id of ['0001', '0002', '0003']) {
      const own = hex(answers).filter(raw => raw.slice(4, 8) === id)
      expect(own).toEqual([`5002${id}`, `5002${id}`, `7002${id}`])
    }
    expect((await watcher.collect(3)).map(({ text }) => text)).toEqual(['0001', '0002', '0003'])
    await watcher.nothing()
  })
  test('is understood wherever its bytes are cut', async () => {
    await using broker = await startBroker()
    const whole = Buffer.concat([
      packet(0x10, "'MQTT' 05 02 0000 00 'cut'"),
      packet(0x82, "0001 00 't' 02"),
      packet(0x30, '\'t\' 00 "0"'),
      packet(0x32, '\'t\' 0002 00 "1"'),
      packet(0x34, '\'t\' 0003 00 "2"'),
      packet(0x62, '0003'),
      packet(0xc0, ''),
    ])
    for (let at = 1; at < whole.length; at++) {
      await using one = await broker.wire()
      one.sendRaw(whole.subarray(0, at))
      await new Promise(resolve => setImmediate(resolve))
      one.sendRaw(whole.subarray(at))
      const seen: string[] = []
      for (let i = 0; i < 9; i++) {
        const found = await one.next()
        seen.push(found.cmd === 'publish' ? found.text : found.cmd)
      }
      expect([at, seen.sort()]).toEqual([
        at,
        ['0', '1', '2', 'connack', 'pingresp', 'puback', 'pubcomp', 'pubrec', 'suback'],
      ])
    }
  })
})

describe('SUBSCRIBE and UNSUBSCRIBE in one write', () => {
  test('are done in their order, and answered in it', async () => {
    await using broker = await startBroker(options)
    await using one = await resident(broker, 'p', { clean: true })
    const subscribe = (id: string) => packet(0x82, `${id} 00 't' 01`)
    const unsubscribe = (id: string) => packet(0xa2, `${id} 00 't'`)
    one.sendRaw(Buffer.concat([subscribe('0001'), unsubscribe('0002')]))
    expect(hex([await one.next(), await one.next()])).toEqual(['900400010001', 'b00400020000'])
    await one.publish('t', 'nobody', { qos: 1 })
    await one.nothing()
    one.sendRaw(
      Buffer.concat([
        subscribe('0003'),
        unsubscribe('0004'),
        subscribe('0005'),
        unsubscribe('0006'),
        subscribe('0007'),
      ]),
    )
    const answers = []
    for (let i = 0; i < 5; i++) answers.push(await one.next())
    expect(hex(answers).map(raw => raw.slice(4, 8))).toEqual(['0003', '0004', '0005', '0006', '0007'])
    expect(hex(answers).filter(raw => raw.startsWith('b0'))).toEqual(['b00400040000', 'b00400060000'])
    await one.publish('t', 'somebody', { qos: 1 })
    expect((await one.collect(1)).map(({ text }) => text)).toEqual(['somebody'])
    await one.ping()
    await broker.restart()
    await using again = await resident(broker, 'p')
    await again.publish('t', 'restarted', { qos: 1 })
    expect((await again.collect(1)).map(({ text }) => text)).toEqual(['restarted'])
  })
})

test('a SUBSCRIBE that is overtaken by a clean start leaves nothing to the next session', async () => {
  await using broker = await startBroker(options)
  for (let i = 0; i < 10; i++) {
    const clientId = `p${i}`
    await using one = await resident(broker, clientId, { clean: true })
    await using next = await broker.wire()
    one.sendRaw(packet(0x82, "0001 00 't' 01 '$share/g/t' 01"))
    next.sendConnect({ clientId, clean: true, properties: { sessionExpiryInterval: 60 } })
    expect(await next.next('connack')).toMatchObject({ sessionPresent: false })
    await cut(broker, next)
  }
  await broker.restart()
  await using publisher = await client(broker)
  await publisher.publish('t', 'x', { qos: 1 })
  for (let i = 0; i < 10; i++) {
    await using again = await resident(broker, `p${i}`)
    await again.nothing()
  }
})

describe('a client that is back at once', () => {
  test('keeps its new session through a restart, although its last one ended with a will', async () => {
    await using broker = await startBroker(options)
    await using watcher = await resident(broker, 'watcher', { clean: true })
    await watcher.subscribe('will', { qos: 1 })
    for (let i = 0; i < 10; i++) {
      const clientId = `back-${i}`
      const will = { topic: 'will', payload: Buffer.from(clientId), qos: 1 as const, retain: true }
      await using first = await client(broker, { clientId, will })
      await using second = await broker.wire()
      const connected = new Promise<void>(resolve => {
        broker.kernel.events.on('session.detached', detail => {
          if (detail.clientId !== clientId) return
          second.sendConnect({ clientId, clean: false, properties: { sessionExpiryInterval: 600 } })
          resolve()
        })
      })
      await first.drop()
      await connected
      expect(await second.next('connack')).toMatchObject({ reasonCode: 0, sessionPresent: false })
      await second.subscribe('kept', { qos: 1 })
      await cut(broker, second)
    }
    await watcher.collect(10)
    await broker.restart()
    for (let i = 0; i < 10; i++) {
      await using again = await broker.wire()
      const kept = { clientId: `back-${i}`, clean: false, properties: { sessionExpiryInterval: 600 } }
      expect([i, await again.connect(kept)]).toMatchObject([i, { sessionPresent: true }])
    }
  })
})
