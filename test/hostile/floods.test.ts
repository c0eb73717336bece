import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { file } from '../../storage-plugins/file/index.ts'
import { startBroker } from '../support/broker.ts'
import { byte, frame, text, u16 } from '../support/bytes.ts'
import { collectGarbage } from '../support/garbage.ts'
import { count, type House, openHouse, transports } from './house.ts'

let house: House | undefined
afterEach(async () => {
  await house?.[Symbol.asyncDispose]()
  house = undefined
})

const numbers = (length: number) => Array.from({ length }, (_, i) => i)

test('retained messages that expire leave by themselves, not when they are read [hostile 49]', async () => {
  house = await openHouse({ time: 'manual', storage: 'file' })
  const guest = await house.client()
  const properties = { messageExpiryInterval: 10 }
  for (const i of numbers(50)) await guest.publish(`short/${i}`, 'x', { qos: 1, retain: true, properties })
  expect(count(house.kernel, 'retained_messages')).toBe(50)
  await house.broker.clock.advance(11_000)
  expect(count(house.kernel, 'retained_messages')).toBe(0)
  await house.intact()
})

test('delayed messages are bounded in number, bytes and time ahead [hostile 50]', async () => {
  house = await openHouse({ time: 'manual', kernel: { limits: { delayedMessages: 20, delayedBytes: 10_000 } } })
  const guest = await house.client()
  const code = async (topic: string, payload: string | Buffer) =>
    ((await guest.publish(topic, payload, { qos: 1 }))[0] as { reasonCode?: number }).reasonCode
  expect(await code('$delayed/5/t', Buffer.alloc(10_001))).toBe(0x97)
  expect(await code('$delayed/99999999/t', 'x')).toBe(0x97)
  for (let i = 0; i < 20; i++) expect(await code('$delayed/5/t', 'x')).toBe(0)
  expect(await code('$delayed/5/t', 'x')).toBe(0x97)
  await house.broker.clock.advance(6_000)
  expect(await code('$delayed/5/t', 'x')).toBe(0)
  await house.broker.clock.advance(6_000)
  await house.intact()
})

test('what a fan-out leaves waiting is there once, however many wait for it [hostile 51]', async () => {
  house = await openHouse()
  for (let i = 0; i < 50; i++) {
    const waiting = await house.client('tcp', { properties: { receiveMaximum: 1 } })
    await waiting.subscribe('big/t', { qos: 1 })
  }
  const sender = await house.client()
  await sender.publish('big/t', 'first', { qos: 1 })
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 20; i++) await sender.publish('big/t', Buffer.alloc(200_000), { qos: 1 })
  expect(count(house.kernel, 'queued_message_bytes')).toBeGreaterThan(50 * 20 * 200_000)
  // Fifty copies would be 200 MB; one is 4 MB, and the sender in this process has its own.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000)
  await house.intact()
})

describe.each(transports)('over %s', transport => {
  test('no payload and no password gets into a log, and no line is forged [hostile 53]', async () => {
    const lines: string[] = []
    const keep = (fields: object, message: string) => {
      lines.push(
        JSON.stringify({ ...fields, message }, (_, value: unknown) => (value instanceof Error ? value.stack : value)),
      )
    }
    house = await openHouse({ kernel: { logger: { debug: keep, info: keep, warn: keep, error: keep } } })
    const guest = await house.client(transport, { username: 'known', password: 'SECRET-word' })
    await guest.publish('log/t', 'SECRET-payload', { qos: 1, retain: true })
    await guest.publish('$SYS/x', 'SECRET-payload', { qos: 1 })
    await guest.publish('log/t', '', { qos: 1, retain: true })
    guest.sendRaw(frame(0x30, text('log/#'), byte(0), Buffer.from('SECRET-payload')))
    await guest.closed()
    const forger = await house.wire(transport)
    forger.sendRaw(
      frame(
        0x10,
        text('MQTT'),
        byte(4, 0xc2),
        u16(0),
        text('a\n{"level":"error"}'),
        text('u\r\nx'),
        text('SECRET-word'),
      ),
    )
    await forger.closed()
    await house.intact()
    expect(lines.filter(line => line.includes('SECRET'))).toEqual([])
    expect(lines.filter(line => /[\r\n]/.test(line))).toEqual([])
  })

  test('a client that is closed for its mistake costs one line of the log [hostile 53]', async () => {
    let lines = 0
    const keep = () => void lines++
    const ignore = () => {}
    house = await openHouse({ kernel: { logger: { debug: ignore, info: keep, warn: keep, error: keep } } })
    for (let i = 0; i < 50; i++) {
      const guest = await house.client(transport)
      guest.sendRaw(Buffer.alloc(500, 0xff))
      await guest.closed()
    }
    await house.intact()
    expect(lines).toBeLessThanOrEqual(50)
  })

  test('a packet has at most 2 MB, which CONNACK says; one byte more is refused by its header [hostile 54]', async () => {
    house = await openHouse()
    const guest = await house.wire(transport)
    expect((await guest.connect()).properties?.maximumPacketSize).toBe(2_097_152)
    const room = 2_097_152 - 4 - 2 - 1 - 1
    await guest.subscribe('t', { qos: 0 })
    guest.sendRaw(frame(0x30, text('t'), byte(0), Buffer.alloc(room)))
    expect((await guest.next('publish')).payload).toHaveLength(room)
    guest.sendRaw(frame(0x30, text('t'), byte(0), Buffer.alloc(room + 1)).subarray(0, 1_000))
    expect((await guest.closed()).reasonCode).toBe(0x95)
    await house.intact()
  })
})

test('a broker starts with a large backlog without reading it into memory, and delivers it in order [hostile 55]', async () => {
  await using broker = await startBroker({
    storage: 'file',
    kernel: { limits: { spoolCacheBytes: 1_000_000, queueBytes: 500_000_000, queueMessages: 100_000 } },
  })
  const session = { clientId: 'absent', clean: false, properties: { sessionExpiryInterval: 3_600 } }
  const absent = await broker.wire()
  await absent.connect(session)
  await absent.subscribe('backlog/t', { qos: 1 })
  await absent.end()
  const sender = await broker.wire()
  await sender.connect()
  const count = 4_000
  for (const i of numbers(count)) {
    const payload = Buffer.alloc(5_000)
    payload.writeUInt32BE(i)
    sender.sendPublish('backlog/t', payload, { qos: 1, messageId: 1 + i })
    if (i % 500 === 499) for (let acks = 0; acks < 500; acks++) await sender.next('puback')
  }
  await sender.end()
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  await broker.restart()
  collectGarbage()
  // The backlog is 20 MB; recovery reads it in pieces of 4 MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(12_000_000)
  const back = await broker.wire({ timeoutMs: 15_000 })
  expect((await back.connect(session)).sessionPresent).toBe(true)
  const got = await back.collect(count)
  expect(got.map(({ payload }) => payload.readUInt32BE())).toEqual(numbers(count))
}, 60_000)

test('a corrupt data file stops the start with its name and place, and stays as it is [hostile 55]', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'corrupt-'))
  const storage = { plugin: file, options: { directory } }
  const broker = await startBroker({ kernel: { storage } })
  const client = await broker.wire()
  await client.connect({ clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 3_600 } })
  await client.subscribe('t', { qos: 1 })
  for (let i = 0; i < 5; i++) {
    await client.publish('t', 'message', { qos: 1 })
    await client.collect(1, { autoAck: false })
  }
  await broker[Symbol.asyncDispose]()
  const log = path.join(directory, 'log-spool')
  const [name = ''] = (await readdir(log)).filter(one => one.endsWith('.log'))
  const damaged = await readFile(path.join(log, name))
  damaged.writeUInt8(damaged.readUInt8(60) ^ 0xff, 60)
  await writeFile(path.join(log, name), damaged)
  await expect(startBroker({ kernel: { storage } })).rejects.toMatchObject({
    code: 'STORAGE_CORRUPT',
    message: expect.stringMatching(new RegExp(`${name}.*byte \\d+`)) as string,
  })
  expect(await readFile(path.join(log, name))).toEqual(damaged)
  await rm(directory, { recursive: true })
})

test('an expression in a rewrite rule takes time linear in the topic, whatever it is [hostile 57]', async () => {
  house = await openHouse({ mqtt: { rewrite: [{ filter: '#', match: '^(a+)+$', to: 'never' }] } })
  const guest = await house.client()
  // In time exponential in the topic, the first would never be answered.
  for (let i = 0; i < 5; i++) await guest.publish(`${'a'.repeat(30_000)}!`, 'x', { qos: 1 })
  await house.intact()
})

test('JSON of any depth is a payload like any other [hostile 57]', async () => {
  house = await openHouse()
  const guest = await house.client()
  await guest.subscribe('json/t')
  const deep = '['.repeat(500_000)
  await guest.publish('json/t', deep)
  expect((await guest.next('publish')).text).toBe(deep)
  await house.intact()
})
