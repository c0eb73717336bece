import { expect } from 'vitest'
import { file } from '../../storage-plugins/file/index.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { ManualClock } from '../support/clock.ts'
import type { Wire } from '../support/wire.ts'
import { durable } from './disk-broker.ts'

const hourMs = 3_600_000
const retained = 40
/** Of which every broker here believes that it is now. */
const madeAt = 1_800_000_000_000

async function startOn(directory: string): Promise<{ broker: TestBroker; clock: ManualClock }> {
  const clock = new ManualClock(madeAt)
  const storage = { plugin: file, options: { directory, segment: 4_096, snapshot: 4_096 } }
  return { broker: await startBroker({ kernel: { clock, storage } }), clock }
}

/** Leaves one of everything that is kept in a data directory. */
export async function leaveState(directory: string): Promise<void> {
  const { broker } = await startOn(directory)
  const reader = await durable(broker, 'reader')
  await reader.subscribe('q/#', { qos: 2, subscriptionIdentifier: 7 })
  await reader.subscribe('$share/group/s/#', { qos: 1 })
  await reader.drop()

  const halfway = await durable(broker, 'halfway')
  await halfway.subscribe('h/#', { qos: 2 })

  const writer = await durable(broker, 'writer')
  await writer.publish('q/1', 'one', { qos: 1 })
  await writer.publish('q/2', 'two', { qos: 2, properties: { contentType: 'text/plain' } })
  writer.sendPublish('q/3', 'three', { qos: 2, messageId: 77 })
  await writer.next('pubrec')
  await writer.publish('$delayed/3600/q/later', 'later', { qos: 2 })
  await writer.publish('s/1', 'shared', { qos: 1 })
  for (let n = 0; n < retained; n++) await writer.publish(`r/${n}`, `${n}`.padEnd(100), { qos: 1, retain: true })
  await writer.publish('h/1', 'half', { qos: 2 })
  const { messageId = 0 } = await halfway.next('publish')
  halfway.send({ cmd: 'pubrec', messageId })
  await halfway.next('pubrel')
  await Promise.all([halfway.drop(), writer.drop()])

  const will = {
    topic: 'q/will',
    payload: 'will',
    qos: 1,
    retain: false,
    properties: { willDelayInterval: 3600 },
  } as const
  await (await durable(broker, 'willed', { will })).drop()
  await broker.kernel.blacklist.add({ kind: 'user', value: 'mallory', reason: 'a fixture' })
  await broker[Symbol.asyncDispose]()
}

/** Finds all of it. */
export async function findState(directory: string): Promise<void> {
  const { broker, clock } = await startOn(directory)
  expect([...broker.kernel.blacklist.list()].map(({ value }) => value)).toEqual(['mallory'])

  const writer = await durable(broker, 'writer')
  writer.sendPublish('q/3', 'three', { qos: 2, messageId: 77, dup: true })
  await writer.next('pubrec')

  const reader = await durable(broker, 'reader')
  const queued = await texts(reader, 4)
  expect(queued.filter(text => text !== 'shared')).toEqual(['one', 'two', 'three'])
  expect(queued).toContain('shared')
  expect(reader.received.find(({ cmd }) => cmd === 'publish')).toMatchObject({
    properties: { subscriptionIdentifier: 7 },
  })

  const halfway = await durable(broker, 'halfway')
  const { messageId = 0 } = await halfway.next('pubrel')
  halfway.send({ cmd: 'pubcomp', messageId })

  const visitor = await durable(broker, 'visitor')
  await visitor.subscribe('r/#', { qos: 1 })
  const values = await texts(visitor, retained)
  expect(values.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: retained }, (_, n) => n))

  await clock.advance(hourMs)
  expect((await texts(reader, 2)).sort()).toEqual(['later', 'will'])
  for (const client of [writer, reader, halfway, visitor]) {
    await client.nothing()
    await client.drop()
  }
  await broker[Symbol.asyncDispose]()
}

async function texts(client: Wire, count: number): Promise<string[]> {
  return (await client.collect(count)).map(({ text }) => text)
}
