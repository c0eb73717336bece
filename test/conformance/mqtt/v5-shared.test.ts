import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, properties, text, u16 } from '../../support/bytes.ts'
import { answer, client, expectClosed, expectDisconnect, resident } from './clients.ts'

test.each(['$share/g/', '$queue/'])('%s shares messages: each goes to one member, in turn', async prefix => {
  await using broker = await startBroker()
  const members = [await client(broker), await client(broker), await client(broker)]
  for (const member of members) expect((await member.subscribe(`${prefix}t`, { qos: 1 })).granted).toEqual([1])
  const publisher = await client(broker)
  for (let i = 0; i < 9; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const got = [await members[0]!.collect(3), await members[1]!.collect(3), await members[2]!.collect(3)]
  expect(got.map(messages => messages.map(({ text }) => text))).toEqual([
    ['0', '3', '6'],
    ['1', '4', '7'],
    ['2', '5', '8'],
  ])
  for (const member of members) await member.nothing()
})

test('two groups and a plain subscriber of one filter get a copy each; groups with other filters are others', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const two = await client(broker)
  const three = await client(broker)
  await one.subscribe('$share/a/t/+')
  await two.subscribe('$share/b/t/+')
  await two.subscribe('$share/a/t/#')
  await three.subscribe('t/1')
  await three.publish('t/1', 'x')
  await one.collect(1)
  await two.collect(2)
  await three.collect(1)
  for (const wire of [one, two, three]) await wire.nothing()
})

test('a client in a group and subscribed plainly gets both copies', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('$share/g/t')
  await one.subscribe('t')
  await one.publish('t', 'x')
  await one.collect(2)
  await one.nothing()
})

test('subscribing again to the same shared filter makes no second member, and replaces its QoS', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('$share/g/t', { qos: 2 })
  await one.subscribe('$share/g/t', { qos: 1 })
  await one.publish('t', 'x', { qos: 2 })
  expect(await one.collect(1)).toMatchObject([{ qos: 1 }])
  await one.nothing()
})

test('a shared subscription gets no retained messages when it is made', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.publish('t', 'x', { retain: true })
  await one.subscribe('$share/g/t')
  await one.subscribe('$queue/t')
  await one.nothing()
})

test('retain as published and the subscription identifier are those of the member', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const two = await client(broker)
  await one.subscribe('$share/g/t', { rap: true, subscriptionIdentifier: 5 })
  await two.subscribe('$share/g/t')
  await one.publish('t', '1', { retain: true })
  await one.publish('t', '2', { retain: true })
  expect(await one.next('publish')).toMatchObject({ retain: true, properties: { subscriptionIdentifier: 5 } })
  const other = await two.next('publish')
  expect(other.retain).toBe(false)
  expect(other.properties?.subscriptionIdentifier).toBeUndefined()
})

test('each member gets its share at the QoS it was granted [MQTT-4.8.2-3]', async () => {
  await using broker = await startBroker()
  const members = [await client(broker), await client(broker), await client(broker)]
  for (const qos of [0, 1, 2] as const) await members[qos]!.subscribe('$share/g/t', { qos })
  const publisher = await client(broker)
  for (let i = 0; i < 3; i++) await publisher.publish('t', `${i}`, { qos: 2 })
  for (const qos of [0, 1, 2] as const) expect(await members[qos]!.collect(1)).toMatchObject([{ qos }])
  for (let i = 0; i < 3; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  for (const qos of [0, 1, 2] as const)
    expect(await members[qos]!.collect(1)).toMatchObject([{ qos: Math.min(1, qos) }])
})

test.each([
  ['$share', 0x82],
  ['$share/', 0x82],
  ['$share/g', 0x82],
  ['$share/g/', 0x82],
  ['$share//t', 0x82],
  ['$share/+', 0x82],
  ['$share/+/t', 0x82],
  ['$share/#', 0x82],
  ['$share/#/t', 0x81],
  ['$share/a+b/t', 0x81],
  ['$share/a#/t', 0x81],
  ['$share/g/a#', 0x81],
  ['$share/g/#/a', 0x81],
  ['$queue/a#', 0x81],
] as const)(
  '%j ends the connection with %i, in SUBSCRIBE and in UNSUBSCRIBE [MQTT-4.8.2-1] [MQTT-4.8.2-2]',
  async (filter, reasonCode) => {
    await using broker = await startBroker()
    const one = await client(broker)
    one.sendRaw(frame(0x82, u16(1), properties(), text(filter), byte(1)))
    await expectDisconnect(one, reasonCode)
    const two = await client(broker)
    two.sendRaw(frame(0xa2, u16(1), properties(), text(filter)))
    await expectDisconnect(two, reasonCode)
    const old = await client(broker, { version: 4 })
    old.sendRaw(frame(0x82, u16(1), text(filter), byte(1)))
    await expectClosed(old)
  },
)

test.each(['$queue', '$queue/'])("%j, the server's own form, is refused by 0x8F", async filter => {
  await using broker = await startBroker()
  const one = await client(broker)
  expect((await one.subscribe(filter)).granted).toEqual([0x8f])
})

test('any other share name and filter is taken, and $share means nothing when it is not first [MQTT-4.8.2-1] [MQTT-4.8.2-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  for (const filter of [
    '$share/g/#',
    '$share/$g/+/x',
    '$share/g//',
    '$share/ä b/t',
    '$share/g/$SYS/#',
    'a/$share/g/t',
  ]) {
    expect((await one.subscribe(filter)).granted).toEqual([0])
  }
  await one.publish('a/$share/g/t', 'x')
  expect(await one.collect(2)).toHaveLength(2)
})

test('a shared # does not match topics that begin with $ [MQTT-4.7.2-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('$share/g/#')
  await one.publish('$mine/x', 'x')
  await one.nothing()
})

test('No Local on a shared subscription is a protocol error [MQTT-3.8.3-4]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$share/g/t', qos: 0, nl: true }] })
  await expectDisconnect(one, 0x82)
})

test('what a member leaves unacknowledged at QoS 1 goes to another', async () => {
  await using broker = await startBroker()
  const leaving = await client(broker)
  const staying = await client(broker)
  await leaving.subscribe('$share/g/t', { qos: 1 })
  await staying.subscribe('$share/g/t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 4; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  await leaving.collect(2, { autoAck: false })
  await staying.collect(2)
  await leaving.drop()
  expect((await staying.collect(2)).map(({ text }) => text)).toEqual(['0', '2'])
  await staying.nothing()
})

test('a QoS 2 delivery that was started is finished with the same session [MQTT-4.8.2-4]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  const other = await client(broker)
  await before.subscribe('$share/g/t', { qos: 2 })
  await other.subscribe('$share/g/t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 4; i++) await publisher.publish('t', `${i}`, { qos: 2 })
  const [sent, received] = await before.collect(2, { autoAck: false })
  await other.collect(2)
  answer(before, 'pubrec', received!.messageId)
  await before.next('pubrel')
  await before.drop()
  await other.nothing()
  const after = await resident(broker, 'r')
  const again = await after.next('publish')
  expect(again).toMatchObject({ text: sent!.text, messageId: sent!.messageId, dup: true })
  expect((await after.next('pubrel')).messageId).toBe(received!.messageId)
  answer(after, 'pubcomp', received!.messageId)
  await after.ack(again)
  await other.nothing()
})

test('its session ends: a QoS 2 delivery that was started goes to nobody else [MQTT-4.8.2-5]', async () => {
  await using broker = await startBroker()
  const ending = await client(broker)
  const other = await client(broker)
  await ending.subscribe('$share/g/t', { qos: 2 })
  await other.subscribe('$share/g/t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 2; i++) await publisher.publish('t', `${i}`, { qos: 2 })
  await ending.collect(1, { autoAck: false })
  await other.collect(1)
  await ending.drop()
  await publisher.ping()
  await other.nothing()
})

test.each([1, 2] as const)('a member that refuses by 0x80 or above: QoS %i is discarded [MQTT-4.8.2-6]', async qos => {
  await using broker = await startBroker()
  const refusing = await client(broker)
  const other = await client(broker)
  await refusing.subscribe('$share/g/t', { qos })
  await other.subscribe('$share/g/t', { qos })
  const publisher = await client(broker)
  await publisher.publish('t', '0', { qos })
  const [message] = await refusing.collect(1, { autoAck: false })
  answer(refusing, qos === 1 ? 'puback' : 'pubrec', message!.messageId, 0x83)
  await refusing.nothing()
  await other.nothing()
  await refusing.drop()
  await other.nothing()
})

test('members that are away get nothing while another is there', async () => {
  await using broker = await startBroker()
  const away = await resident(broker, 'away')
  await away.subscribe('$share/g/t', { qos: 1 })
  await away.end()
  const here = await client(broker)
  await here.subscribe('$share/g/t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  expect((await here.collect(5)).map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4'])
  await (await resident(broker, 'away')).nothing()
})

test('while all members are away messages wait, in order, for the first that returns', async () => {
  await using broker = await startBroker()
  for (const id of ['a', 'b']) {
    const one = await resident(broker, id)
    await one.subscribe('$share/g/t', { qos: 1 })
    await one.end()
  }
  const publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const b = await resident(broker, 'b')
  expect((await b.collect(5)).map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4'])
  await (await resident(broker, 'a')).nothing()
})

test('a member whose receive maximum is used up is passed over', async () => {
  await using broker = await startBroker()
  const slow = await client(broker, { properties: { receiveMaximum: 1 } })
  const quick = await client(broker)
  await slow.subscribe('$share/g/t', { qos: 1 })
  await quick.subscribe('$share/g/t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 6; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const held = await slow.collect(1, { autoAck: false })
  expect(held.map(({ text }) => text)).toEqual(['0'])
  expect((await quick.collect(5)).map(({ text }) => text)).toEqual(['1', '2', '3', '4', '5'])
  await slow.nothing()
})

test('nothing is lost or doubled while members come and go', async () => {
  await using broker = await startBroker()
  const publisher = await client(broker)
  const stable = await client(broker)
  await stable.subscribe('$share/g/t', { qos: 1 })
  const seen: string[] = []
  for (let round = 0; round < 10; round++) {
    const member = await client(broker)
    await member.subscribe('$share/g/t', { qos: 1 })
    for (let i = 0; i < 10; i++) await publisher.publish('t', `${round}-${i}`, { qos: 1 })
    // It acknowledges two of its five and leaves.
    seen.push(...(await member.collect(2)).map(({ text }) => text))
    await member.ping()
    await member.drop()
  }
  seen.push(...(await stable.collect(80)).map(({ text }) => text))
  expect(new Set(seen).size).toBe(100)
  await stable.nothing()
})
