import { afterEach, describe, expect, test } from 'vitest'
import { count, type House, openHouse, transports } from './house.ts'

let house: House
afterEach(() => house[Symbol.asyncDispose]())

const numbers = (length: number) => Array.from({ length }, (_, i) => i)

describe.each(transports)('over %s', transport => {
  test('a subscriber that does not answer is bounded in messages; others get all [hostile 43]', async () => {
    house = await openHouse({ kernel: { limits: { queueMessages: 50 } } })
    const frozen = await house.client(transport, { properties: { receiveMaximum: 1 } })
    const other = await house.client(transport)
    for (const one of [frozen, other]) await one.subscribe('much/t', { qos: 1 })
    const sender = await house.client(transport)
    for (const i of numbers(300)) {
      await sender.publish('much/t', `${i}`, { qos: 1 })
      expect((await other.collect(1))[0]?.text).toBe(`${i}`)
    }
    await other.ping()
    expect(count(house.kernel, 'queued_messages')).toBe(51)
    expect(count(house.kernel, 'messages_dropped', { reason: 'queue-full' })).toBe(249)
    await house.intact()
  })

  test('a subscriber that does not answer is bounded in bytes, and all of them together [hostile 43]', async () => {
    house = await openHouse({ kernel: { limits: { queueBytes: 100_000, queuedBytes: 250_000 } } })
    for (let i = 0; i < 5; i++) {
      const frozen = await house.client(transport, { properties: { receiveMaximum: 1 } })
      await frozen.subscribe('much/t', { qos: 1 })
    }
    const sender = await house.client(transport)
    for (let i = 0; i < 40; i++) await sender.publish('much/t', Buffer.alloc(10_000), { qos: 1 })
    expect(count(house.kernel, 'queued_bytes')).toBeLessThanOrEqual(250_000)
    // Subscribers that do not move leave half of it to others.
    expect(count(house.kernel, 'queued_bytes')).toBeGreaterThan(75_000)
    await house.intact()
  })

  test('a subscriber that does not read costs a bounded buffer, and nobody waits for it [hostile 43]', async () => {
    house = await openHouse({ kernel: { limits: { queueBytes: 1_000_000 } } })
    const frozen = await house.client(transport)
    await frozen.subscribe('much/t')
    frozen.pause()
    const sender = await house.client(transport)
    for (let i = 0; i < 200; i++) await sender.publish('much/t', Buffer.alloc(100_000))
    await sender.ping()
    expect(count(house.kernel, 'queued_message_bytes')).toBeLessThanOrEqual(1_000_000)
    expect(count(house.kernel, 'messages_dropped', { reason: 'queue-full' })).toBeGreaterThan(0)
    await house.intact()
  })

  test('retained messages are bounded in number and bytes; "#" streams them as they are read [hostile 44]', async () => {
    house = await openHouse({ kernel: { limits: { retainedMessages: 100, retainedBytes: 1_000_000 } } })
    const guest = await house.client(transport)
    const codes: unknown[] = []
    for (const i of numbers(120)) {
      const [puback] = await guest.publish(`flood/${i}`, 'x', { qos: 1, retain: true })
      codes.push((puback as { reasonCode?: number }).reasonCode)
    }
    expect(codes.filter(code => code === 0x97)).toHaveLength(20)
    const big = await guest.publish('flood/0', Buffer.alloc(1_000_001), { qos: 1, retain: true })
    expect(big).toMatchObject([{ reasonCode: 0x97 }])
    const reader = await house.client(transport, { properties: { receiveMaximum: 1 } })
    await reader.subscribe('#', { qos: 1 })
    await reader.next('publish')
    await reader.nothing()
    expect(count(house.kernel, 'queued_messages')).toBe(1)
    await reader.drop()
    for (const i of numbers(100)) await guest.publish(`flood/${i}`, '', { qos: 1, retain: true })
    await house.intact()
  })

  test('a will is bounded by the size of a CONNECT, and leaves with its client [hostile 45]', async () => {
    house = await openHouse()
    const will = (bytes: number) => ({ topic: 'will/t', payload: Buffer.alloc(bytes), qos: 0 as const, retain: false })
    const greedy = await house.wire(transport, { version: 4 })
    await greedy.connect({ version: 4, will: will(65_535) }).catch(() => {})
    const over = await house.wire(transport, { version: 4 })
    over.sendConnect({ version: 4, will: will(65_535), username: 'u'.repeat(65_535), password: 'p'.repeat(10_000) })
    expect((await over.closed()).packets.every(({ cmd }) => cmd === 'connack')).toBe(true)
    const watcher = await house.client(transport)
    await watcher.subscribe('will/t')
    const many = await Promise.all(numbers(30).map(() => house.client(transport, { will: will(60_000) })))
    for (const one of many) await one.drop()
    expect(await watcher.collect(30)).toHaveLength(30)
    await house.intact()
  })

  test('subscriptions are bounded; overlapping ones bring one copy [hostile 46]', async () => {
    house = await openHouse({ kernel: { limits: { sessionBindings: 200 } } })
    const guest = await house.client(transport)
    const { granted } = await guest.subscribe(numbers(300).map(i => ({ topic: `flood/${i}/#` })))
    expect(granted).toEqual([...numbers(200).map(() => 0), ...numbers(100).map(() => 0x97)])
    const other = await house.client(transport)
    // Every level given or left open: 128 filters that all match.
    const filters = numbers(128).map(bits =>
      numbers(7)
        .map(at => ((bits >> at) & 1 ? '+' : `l${at}`))
        .join('/'),
    )
    await other.subscribe(filters.map(topic => ({ topic, qos: 1 as const })))
    await other.publish(filters[0] as string, 'one', { qos: 1 })
    await other.collect(1)
    await other.nothing()
    await house.intact()
  })
})

test('keep alive of 65,535 s and of 0 hold no timer that fires early [hostile 47]', async () => {
  house = await openHouse({ time: 'manual' })
  const long = await house.client('tcp', { keepalive: 65_535 })
  const none = await house.client('ws', { keepalive: 0 })
  const short = await house.client('ws', { keepalive: 10 })
  await house.broker.clock.advance(16_000)
  expect((await short.closed()).reasonCode).toBe(0x8d)
  await long.ping()
  await none.ping()
  await house.intact()
})

describe.each(transports)('a connection that never says CONNECT, over %s,', transport => {
  test('is closed when it says nothing [hostile 47]', async () => {
    house = await openHouse({ time: 'manual' })
    const silent = await house.wire(transport)
    await house.broker.clock.advance(11_000)
    await silent.closed()
    await house.intact()
  })

  test('is closed in the same time when it says a byte a second [hostile 47]', async () => {
    house = await openHouse({ time: 'manual' })
    const slow = await house.wire(transport)
    const connect = Buffer.from('10 2000 04 4d51 5454 04 02 0000 0014'.replaceAll(' ', ''), 'hex')
    const received = () => count(house.kernel, 'net_received_bytes', { listener: transport })
    for (let i = 0; i < 12 && !slow.isClosed; i++) {
      const before = received()
      slow.sendRaw(connect.subarray(i, i + 1))
      await house.until(() => received() > before, 200)
      await house.broker.clock.advance(1_000)
    }
    await slow.closed()
    await house.intact()
  })

  test('is closed when its peer has closed its side only [hostile 47]', async () => {
    house = await openHouse()
    const half = await house.client(transport)
    half.transport.end()
    await half.closed()
    await house.intact()
  })
})
