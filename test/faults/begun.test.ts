import { expect, test } from 'vitest'
import type { Log, Table } from '../../kernel/plugin.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import type { ReceivedOf, Wire } from '../support/wire.ts'
import { durable, startOn } from './disk-broker.ts'

const kept = { sessionExpiryInterval: 3_600 }

test('a delivery that was begun keeps its QoS and its identifier through a restart, whatever became of its subscription [MQTT-4.4.0-1]', async () => {
  await using broker = await startBroker({ storage: 'file' })
  const before = await durable(broker, 'subscriber')
  await before.subscribe('t', { qos: 2 })
  await publish(broker, 't', 'begun')
  const { messageId } = await before.take('publish')
  await before.subscribe('t', { qos: 0 })
  await broker.restart()
  const after = await durable(broker, 'subscriber')
  expect(await after.take('publish')).toMatchObject({ text: 'begun', qos: 2, dup: true, messageId })
})

test('a retained message that was sent as one is repeated as one after a restart, its subscription ended or not', async () => {
  await using broker = await startBroker({ storage: 'file' })
  await publish(broker, 'r', 'value', true)
  const before = await durable(broker, 'subscriber')
  await before.subscribe('r', { qos: 1 })
  expect(await before.take('publish')).toMatchObject({ retain: true })
  await before.unsubscribe('r')
  await broker.restart()
  const after = await durable(broker, 'subscriber')
  expect(await after.take('publish')).toMatchObject({ text: 'value', retain: true, dup: true })
})

test('an identifier of what a restart interrupted is given to nothing else [MQTT-2.2.1-4]', async () => {
  await using broker = await startBroker({ storage: 'file' })
  await publish(broker, 'r', 'retained', true)
  const one = await connected(broker, 1)
  await one.subscribe('t', { qos: 1 })
  for (const text of ['first', 'second']) await publish(broker, 't', text, false, 1)
  await one.take('publish')
  await one.drop()
  // Its credit is taken by what is repeated; the retained message goes before what waits.
  const two = await connected(broker, 1)
  const repeated = await two.take('publish')
  await two.subscribe('r', { qos: 2 })
  two.send({ cmd: 'puback', messageId: repeated.messageId! })
  const interrupted = await two.take('publish')
  expect(interrupted).toMatchObject({ text: 'retained', messageId: repeated.messageId })
  await two.drop()
  await broker.restart()
  const three = await connected(broker, 2)
  const again: ReceivedOf<'publish'>[] = [await three.take('publish'), await three.take('publish')]
  expect(again.map(({ text }) => text).sort()).toEqual(['retained', 'second'])
  expect(again.find(({ text }) => text === 'retained')).toMatchObject({ messageId: interrupted.messageId, dup: true })
  expect(again.find(({ text }) => text === 'second')?.messageId).not.toBe(interrupted.messageId)
})

test('what a member without a durable session was sent at QoS 2 goes to no other when the power is cut [MQTT-4.8.2-5]', async () => {
  const disk = new SimulatedDisk(1)
  const broker = await startOn(disk)
  const away = await durable(broker, 'away')
  await away.subscribe('$share/g/t', { qos: 2 })
  await away.drop()
  const member = await broker.wire()
  await member.connect()
  await member.subscribe('$share/g/t', { qos: 2 })
  await publish(broker, 't', 'begun')
  await member.take('publish')
  disk.kill()
  await member.drop()
  void broker.kernel.close()
  await using next = await startOn(disk.crash())
  const back = await durable(next, 'away')
  await publish(next, 't', 'later')
  expect(await back.take('publish')).toMatchObject({ text: 'later' })
})

/** What is retained when a publisher repeats its PUBLISH after a loss of power at this operation. */
async function retained(seed: number, operations: number): Promise<string> {
  const disk = new SimulatedDisk(seed)
  const broker = await startOn(disk)
  const publisher = await durable(broker, 'publisher')
  disk.operationsLeft = operations
  publisher.sendPublish('r', 'value', { qos: 2, retain: true, messageId: 1 })
  await Promise.race([disk.died, publisher.next('pubrec')])
  disk.kill()
  await publisher.drop()
  void broker.kernel.close()
  await using next = await startOn(disk.crash())
  const again = await durable(next, 'publisher')
  again.sendPublish('r', 'value', { qos: 2, retain: true, messageId: 1, dup: true })
  await again.next('pubrec')
  await again.subscribe('r')
  await again.ping()
  return again.received.map(packet => (packet.cmd === 'publish' ? packet.text : '')).join('')
}

test('what QoS 2 has acknowledged is retained, whenever the power is cut', async () => {
  const found = new Set<string>()
  for (let seed = 1; seed <= 6; seed++) {
    for (let operations = 0; operations < 6; operations++) found.add(await retained(seed, operations))
  }
  expect([...found]).toEqual(['value'])
})

test('the log takes the identifier of a retained publish only when its value is stored', async () => {
  const inner = fileOn(new SimulatedDisk(1))
  let store = (): void => {}
  let appends = 0
  const plugin: typeof inner = {
    ...inner,
    open: async (host, options) => {
      const storage = await inner.open(host, options)
      const log = async (name: string) => counting(await storage.log(name), () => appends++)
      const table = async (name: string) => {
        const kept = await storage.table(name)
        return name === 'retained' ? held(kept, new Promise<void>(stored => (store = stored))) : kept
      }
      return new Proxy(storage, {
        get: (of, key) => (key === 'log' ? log : key === 'table' ? table : bound(of, key)),
      })
    },
  }
  await using broker = await startBroker({ kernel: { storage: { plugin, options: { directory: '/data' } } } })
  const publisher = await durable(broker, 'publisher')
  const before = appends
  publisher.sendPublish('r', 'value', { qos: 2, retain: true, messageId: 1 })
  // Several turns of the broker, in which it could have written.
  for (let i = 0; i < 5; i++) await publisher.ping()
  expect(appends).toBe(before)
  store()
  await publisher.next('pubrec')
  expect(appends).toBe(before + 1)
})

function held(table: Table, until: Promise<void>): Table {
  const write: Table['write'] = (...given) => until.then(() => table.write(...given))
  return new Proxy(table, { get: (of, key) => (key === 'write' ? write : bound(of, key)) })
}

function counting(log: Log, count: () => void): Log {
  const append: Log['append'] = records => {
    count()
    return log.append(records)
  }
  return new Proxy(log, { get: (of, key) => (key === 'append' ? append : bound(of, key)) })
}

/** Classes with private fields know themselves only. */
function bound<T extends object>(of: T, key: string | symbol): unknown {
  const value = Reflect.get(of, key, of)
  return typeof value === 'function' ? value.bind(of) : value
}

async function publish(broker: TestBroker, topic: string, text: string, retain = false, qos: 1 | 2 = 2): Promise<void> {
  const publisher = await broker.wire()
  await publisher.connect()
  await publisher.publish(topic, text, { qos, retain })
  await publisher.drop()
}

function connected(broker: TestBroker, receiveMaximum: number): Promise<Wire> {
  return durable(broker, 'subscriber', { properties: { ...kept, receiveMaximum } })
}
