import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { frame, text, u16 } from '../../support/bytes.ts'
import { userPropertiesOf } from '../../support/wire-properties.ts'
import { client, resident } from './clients.ts'
import { bytes, hex, packet } from './raw.ts'

const options = { time: 'manual', storage: 'file' } as const

describe('the Receive Maximum of the client', () => {
  test.each([1, 2, 10])(
    '%i: so many publishes above QoS 0 are open, and no more [MQTT-3.3.4-9]',
    async receiveMaximum => {
      await using broker = await startBroker(options)
      await using one = await client(broker, { properties: { receiveMaximum } })
      await one.subscribe('t', { qos: 2 })
      await using publisher = await client(broker)
      for (let i = 0; i < 25; i++) await publisher.publish('t', String(i), { qos: i % 2 === 0 ? 1 : 2 })
      const open = await one.collect(receiveMaximum, { autoAck: false })
      await one.nothing()
      const order = open.map(message => message.text)
      while (order.length < 25) {
        await one.ack(open.shift()!)
        const next = await one.take('publish')
        order.push(next.text)
        open.push(next)
        await one.nothing()
      }
      expect(order).toEqual(Array.from({ length: 25 }, (_, i) => String(i)))
    },
  )
  test('holds back PUBLISH above QoS 0 only [MQTT-3.3.4-10]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker, { properties: { receiveMaximum: 1 } })
    await one.subscribe('t', { qos: 1 })
    await using publisher = await client(broker)
    await publisher.publish('t', '1', { qos: 1 })
    const [first] = await one.collect(1, { autoAck: false })
    await one.ping()
    expect((await one.subscribe('other')).granted).toEqual([0])
    expect(await one.publish('nobody', '', { qos: 1 })).toMatchObject([{ cmd: 'puback' }])
    expect(await one.publish('nobody', '', { qos: 2 })).toMatchObject([{ cmd: 'pubrec' }, { cmd: 'pubcomp' }])
    expect((await one.unsubscribe('other')).cmd).toBe('unsuback')
    await publisher.publish('t', '2', { qos: 0 })
    await publisher.ping()
    expect((await one.collect(1)).map(({ text }) => text)).toEqual(['2'])
    await one.ack(first!)
  })
  test('counts a QoS 2 delivery until its PUBCOMP, or a PUBREC that refuses it [MQTT-3.3.4-9]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker, { properties: { receiveMaximum: 1 } })
    await one.subscribe('t', { qos: 2 })
    await using publisher = await client(broker)
    for (const payload of ['1', '2', '3']) await publisher.publish('t', payload, { qos: 2 })
    const [first] = await one.collect(1, { autoAck: false })
    one.send({ cmd: 'pubrec', messageId: first!.messageId! })
    await one.next('pubrel')
    await one.nothing()
    one.send({ cmd: 'pubcomp', messageId: first!.messageId! })
    const [second] = await one.collect(1, { autoAck: false })
    one.send({ cmd: 'pubrec', messageId: second!.messageId!, reasonCode: 0x83 })
    expect((await one.collect(1)).map(message => message.text)).toEqual(['3'])
  })
  test('is not raised by answers to nothing [MQTT-3.3.4-9]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker, { properties: { receiveMaximum: 1 } })
    await one.subscribe('t', { qos: 1 })
    for (const raw of ['40 02 7000', '70 02 7000', '50 02 7000', '40 02 7000']) one.sendRaw(raw)
    await one.take('pubrel')
    await using publisher = await client(broker)
    await publisher.publish('t', '1', { qos: 1 })
    await publisher.publish('t', '2', { qos: 1 })
    await one.collect(1, { autoAck: false })
    await one.nothing()
  })
  test('holds for what is repeated after a reconnect, by the new value [MQTT-3.3.4-9]', async () => {
    await using broker = await startBroker(options)
    await using one = await resident(broker, 's', { clean: true })
    await one.subscribe('t', { qos: 1 })
    for (const payload of ['1', '2', '3']) await one.publish('t', payload, { qos: 1 })
    await one.collect(3, { autoAck: false })
    await one.drop()
    await using again = await resident(broker, 's', { properties: { receiveMaximum: 2, sessionExpiryInterval: 60 } })
    const [first] = await again.collect(2, { autoAck: false })
    await again.nothing()
    await again.ack(first!)
    expect((await again.collect(1)).map(message => message.text)).toEqual(['3'])
  })
})

describe('the Receive Maximum of the server', () => {
  test('is announced; so many publishes may be open, and one more is 0x93 [MQTT-3.3.4-7]', async () => {
    await using broker = await startBroker({ mqtt: { receiveMaximum: 3 } })
    await using one = await broker.wire()
    expect((await one.connect()).properties).toMatchObject({ receiveMaximum: 3 })
    for (const id of [1, 2, 3]) one.sendRaw(frame(0x34, text('t'), u16(id), bytes('00')))
    for (let i = 0; i < 3; i++) await one.next('pubrec')
    one.sendRaw(frame(0x34, text('t'), u16(2), bytes('00')))
    await one.next('pubrec')
    one.sendRaw(frame(0x30, text('t'), bytes('00')))
    await one.nothing()
    one.sendRaw(frame(0x34, text('t'), u16(4), bytes('00')))
    expect(hex((await one.closed()).packets)).toEqual(['e00193'])
  })
  test('leaves room again with each PUBCOMP, PUBACK and refusal', async () => {
    await using broker = await startBroker({ ...options, mqtt: { receiveMaximum: 2 } })
    await using watcher = await resident(broker, 'w', { clean: true })
    await watcher.subscribe('t', { qos: 1 })
    await using one = await client(broker)
    for (let i = 0; i < 10; i++) {
      await one.publish('t', '', { qos: 1 })
      await one.publish('t', '', { qos: 2 })
      expect(await one.publish('$SYS/x', '', { qos: 2 })).toMatchObject([{ reasonCode: 0x87 }])
    }
    await one.nothing()
  })
  test('does not close a client where the server is told to be lenient', async () => {
    await using broker = await startBroker({ mqtt: { receiveMaximum: 1, receiveMaximumExceeded: 'log' } })
    await using one = await client(broker)
    for (const id of [1, 2, 3]) one.sendRaw(frame(0x34, text('t'), u16(id), bytes('00')))
    for (let i = 0; i < 3; i++) await one.next('pubrec')
    await one.nothing()
  })
})

describe('the Maximum Packet Size of the client', () => {
  test('a packet of that size is sent, one byte more is not [MQTT-3.1.2-24] [MQTT-3.1.2-25]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker, { properties: { maximumPacketSize: 100 } })
    await one.subscribe('t', { qos: 2 })
    await using publisher = await client(broker)
    for (const [qos, overhead] of [
      [0, 6],
      [1, 8],
      [2, 8],
    ] as const) {
      await publisher.publish('t', 'x'.repeat(101 - overhead), { qos })
      await publisher.publish('t', 'y'.repeat(100 - overhead), { qos })
      await publisher.ping()
      const [message] = await one.collect(1)
      expect(message?.raw).toHaveLength(100)
      expect(message?.text[0]).toBe('y')
    }
    await one.nothing()
  })
  test('what is too large is dropped as if it had been delivered: window, queue and others go on [MQTT-3.1.2-25]', async () => {
    await using broker = await startBroker(options)
    const properties = { maximumPacketSize: 50, receiveMaximum: 1, sessionExpiryInterval: 60 }
    await using narrow = await resident(broker, 'narrow', { clean: true, properties })
    await narrow.subscribe('t', { qos: 2 })
    await narrow.end()
    await using wide = await client(broker)
    await wide.subscribe('t', { qos: 2 })
    for (const qos of [1, 2, 1] as const) {
      await wide.publish('t', 'x'.repeat(100), { qos })
      await wide.publish('t', `small ${qos}`, { qos })
    }
    expect(await wide.collect(6)).toHaveLength(6)
    await broker.restart()
    await using back = await resident(broker, 'narrow', { properties })
    expect((await back.collect(3)).map(message => message.text)).toEqual(['small 1', 'small 2', 'small 1'])
    await back.end()
    await using roomy = await resident(broker, 'narrow')
    await roomy.nothing()
  })
  test('counts the properties, which are never cut: user properties come whole or not at all [MQTT-3.1.2-24]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker, { properties: { maximumPacketSize: 60 } })
    await one.subscribe('t', { subscriptionIdentifier: 200 })
    await using publisher = await client(broker)
    for (const size of [30, 60]) {
      publisher.sendPublish('t', 'x', { properties: { userProperties: [['n', 'v'.repeat(size)]] } })
    }
    publisher.sendPublish('t', 'last')
    await publisher.ping()
    const [first, last] = await one.collect(2)
    expect(userPropertiesOf(first!.raw)).toEqual([['n', 'v'.repeat(30)]])
    expect(last?.text).toBe('last')
  })
  test('binds retained messages and wills too [MQTT-3.1.2-24]', async () => {
    await using broker = await startBroker(options)
    await using publisher = await client(broker)
    await publisher.publish('t/large', 'x'.repeat(100), { qos: 1, retain: true })
    await publisher.publish('t/small', 'x', { qos: 1, retain: true })
    await using one = await client(broker, { properties: { maximumPacketSize: 50 } })
    await one.subscribe('#', { qos: 1 })
    expect((await one.collect(1)).map(({ topic }) => topic)).toEqual(['t/small'])
    await one.nothing()
  })
})

test('Request Problem Information 0: no reason string, no user property but on PUBLISH [MQTT-3.1.2-29]', async () => {
  await using broker = await startBroker(options)
  await using one = await client(broker, { properties: { requestProblemInformation: false } })
  const answers = [
    await one.subscribe([{ topic: 't' }, { topic: '$SYS/#' }]),
    await one.unsubscribe(['none', '$SYS/#']),
    ...(await one.publish('$SYS/x', '', { qos: 1 })),
    ...(await one.publish('$SYS/x', '', { qos: 2 })),
    ...(await one.publish('nobody', '', { qos: 2 })),
  ]
  one.sendRaw('62 02 00ff')
  answers.push(await one.take('pubcomp'))
  expect(answers.map(({ cmd }) => cmd)).toEqual([
    'suback',
    'unsuback',
    'puback',
    'pubrec',
    'pubrec',
    'pubcomp',
    'pubcomp',
  ])
  for (const { properties, userProperties } of answers as { properties?: object; userProperties: unknown }[]) {
    expect(properties ?? {}).not.toHaveProperty('reasonString')
    expect(userProperties).toEqual([])
  }
  one.sendRaw(packet(0x30, "'t' 07 26 'n' 'v'"))
  expect((await one.collect(1))[0]?.userProperties).toEqual([['n', 'v']])
})

test('messages of any QoS keep the order of their publisher, live and through a queue and a restart', async () => {
  await using broker = await startBroker(options)
  await using one = await resident(broker, 's', { clean: true })
  await one.subscribe('t', { qos: 2 })
  await using publisher = await client(broker)
  const burst = (from: number) => {
    const raws = Array.from({ length: 30 }, (_, i) => {
      const qos = (i * 7 + 1) % 3
      const id = qos > 0 ? u16(from + i + 1) : Buffer.alloc(0)
      return frame(0x30 | (qos << 1), text('t'), id, bytes('00'), Buffer.from(String(from + i)))
    })
    publisher.sendRaw(Buffer.concat(raws))
  }
  burst(0)
  const live: string[] = []
  for (let i = 0; i < 30; i++) {
    const message = await one.take('publish')
    live.push(`${message.qos} ${message.text}`)
    if (message.qos === 1) await one.ack(message)
  }
  expect(live.map(line => Number(line.split(' ')[1]))).toEqual(Array.from({ length: 30 }, (_, i) => i))
  await one.drop()
  await using again = await resident(broker, 's')
  const repeated = await again.collect(10, { autoAck: false })
  expect(repeated.map(message => `${message.qos} ${message.text}`)).toEqual(live.filter(line => line.startsWith('2')))
})
