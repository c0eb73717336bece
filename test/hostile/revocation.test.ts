import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Rule } from '../../kernel/plugin.ts'
import { cut } from '../conformance/mqtt/cut.ts'
import type { ConnectOptions, Wire } from '../support/wire.ts'
import { type House, openHouse } from './house.ts'

const allow: Rule = { effect: 'allow', filters: ['#'] }
const revoked: readonly Rule[] = [{ effect: 'deny', user: 'guest', filters: ['news/#'] }, allow]

/** Both kinds of storage: what is stored comes back by another way than what is only held. */
describe.each(['memory', 'file'] as const)('with %s storage', storage => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ storage, time: 'manual', kernel: { access: { rules: [allow] } } })
  })
  afterEach(() => house[Symbol.asyncDispose]())

  const revoke = () => house.kernel.reloadAccess({ rules: revoked })
  const guest = (options: ConnectOptions = {}): Promise<Wire> =>
    house.client('tcp', {
      username: 'guest',
      clientId: 'guest',
      clean: false,
      properties: { sessionExpiryInterval: 3_600 },
      ...options,
    })

  test('a live subscription gets nothing more [hostile 28]', async () => {
    const client = await guest()
    await client.subscribe([
      { topic: 'news/#', qos: 2 },
      { topic: '$share/g/news/#', qos: 1 },
    ])
    await revoke()
    const owner = await house.client()
    for (const qos of [0, 1, 2] as const) await owner.publish('news/a', 'x', { qos, retain: qos === 1 })
    await client.nothing()
    expect((await client.subscribe('news/a')).granted).toEqual([0x87])
    expect(await client.publish('news/a', 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x87 }])
    await owner.publish('news/a', '', { qos: 1, retain: true })
  })

  test('what was queued before is not handed out after [hostile 28]', async () => {
    const client = await guest()
    await client.subscribe([
      { topic: 'news/#', qos: 2 },
      { topic: 'open/#', qos: 2 },
    ])
    await cut(house.broker, client)
    const owner = await house.client()
    for (const qos of [1, 2] as const) {
      await owner.publish('news/a', 'x', { qos })
      await owner.publish('open/a', 'x', { qos })
    }
    await revoke()
    const again = await guest()
    expect((await again.collect(2)).map(({ topic }) => topic)).toEqual(['open/a', 'open/a'])
    await again.nothing()
  })

  test('what a group kept is not handed out after [hostile 28]', async () => {
    const client = await guest()
    await client.subscribe('$share/g/news/#', { qos: 1 })
    await cut(house.broker, client)
    const owner = await house.client()
    await owner.publish('news/a', 'x', { qos: 1 })
    await revoke()
    const again = await guest()
    await again.nothing()
  })

  test('a delivery of QoS 2 that was begun is not repeated [hostile 28]', async () => {
    const client = await guest()
    await client.subscribe('news/#', { qos: 2 })
    const owner = await house.client()
    await owner.publish('news/a', 'x', { qos: 2 })
    await client.next('publish')
    await cut(house.broker, client)
    await revoke()
    const again = await guest()
    await again.nothing()
  })

  test('a QoS 2 publish that was taken is released, and the next one refused [hostile 28]', async () => {
    const watcher = await house.client()
    await watcher.subscribe('news/#')
    const client = await guest()
    client.sendPublish('news/a', 'before', { qos: 2, messageId: 7 })
    await client.next('pubrec')
    await revoke()
    client.send({ cmd: 'pubrel', messageId: 7 })
    await client.next('pubcomp')
    expect(await client.publish('news/a', 'after', { qos: 2 })).toMatchObject([{ reasonCode: 0x87 }])
    expect((await watcher.next('publish')).text).toBe('before')
    await watcher.nothing()
  })

  test('a delayed message is judged when it is due [hostile 28]', async () => {
    const watcher = await house.client()
    await watcher.subscribe('#')
    const client = await guest()
    await client.publish('$delayed/60/news/a', 'x', { qos: 1 })
    await client.publish('$delayed/60/open/a', 'y', { qos: 1 })
    await revoke()
    await house.broker.clock.advance(61_000)
    await house.until(() => watcher.received.some(({ cmd }) => cmd === 'publish'))
    expect((await watcher.next('publish')).topic).toBe('open/a')
    await watcher.nothing()
  })

  test('a will is judged when it fires, at once or late [hostile 28] [hostile 29]', async () => {
    const watcher = await house.client()
    await watcher.subscribe('#')
    const will = { topic: 'news/will', payload: Buffer.from('x'), qos: 1 as const, retain: true }
    const client = await guest({ will })
    const late = await guest({ clientId: 'late', will: { ...will, properties: { willDelayInterval: 60 } } })
    await revoke()
    await cut(house.broker, client)
    await cut(house.broker, late)
    await house.broker.clock.advance(61_000)
    await house.intact({ sessions: 4, net_connections: 2 })
    const again = await house.client()
    await again.subscribe('news/#')
    await again.nothing()
    expect(
      watcher.received.filter(({ cmd }) => cmd === 'publish').map(one => (one as { topic: string }).topic),
    ).toEqual([])
  })

  const afterRestart = async () => {
    const client = await guest()
    await client.subscribe('news/#', { qos: 1 })
    await client.publish('$delayed/60/news/late', 'x', { qos: 1 })
    await cut(house.broker, client)
    const owner = await house.client()
    await owner.publish('news/a', 'x', { qos: 1 })
    await house.broker.restart()
    await revoke()
    const watcher = await house.client()
    await watcher.subscribe('news/#')
    const again = await guest()
    await again.nothing()
    await house.broker.clock.advance(61_000)
    await watcher.nothing()
  }
  // Memory keeps nothing through one: there is nothing to be seen.
  if (storage === 'file') test('rights that were taken away stay away after a restart [hostile 28]', afterRestart)

  test('who takes a session over sees of it only what he may [hostile 32]', async () => {
    const owner = await house.client('tcp', {
      clientId: 'shared-id',
      username: 'boss',
      clean: false,
      properties: { sessionExpiryInterval: 3_600 },
    })
    await revoke()
    await owner.subscribe([
      { topic: 'news/#', qos: 1 },
      { topic: 'open/#', qos: 1 },
    ])
    await cut(house.broker, owner)
    const publisher = await house.client()
    for (const topic of ['news/a', 'open/a']) await publisher.publish(topic, 'x', { qos: 1 })
    const thief = await guest({ clientId: 'shared-id' })
    expect((await thief.collect(1)).map(({ topic }) => topic)).toEqual(['open/a'])
    await publisher.publish('news/b', 'x', { qos: 1 })
    await thief.nothing()
  })
})
