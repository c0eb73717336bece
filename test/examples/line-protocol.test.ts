import { readFileSync } from 'node:fs'
import mqttJs from 'mqtt'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { line } from '../../examples/line-protocol/index.ts'
import { createKernel, type Kernel, type KernelOptions, Message } from '../../kernel/index.ts'
import { mqtt } from '../../protocols/mqtt/index.ts'
import { ManualClock } from '../support/clock.ts'
import { type Wire, wire } from '../support/wire.ts'
import { LineClient } from './support/line-client.ts'

let kernel: Kernel

async function start(options: Partial<KernelOptions> = {}): Promise<void> {
  const at = { transport: 'tcp', host: '127.0.0.1', port: 0 } as const
  kernel = await createKernel({
    protocols: [
      { plugin: line, options: { maxLineBytes: '1KB', helloTimeout: '5s' } },
      { plugin: mqtt, options: { sysInterval: 0 } },
    ],
    listeners: [
      { ...at, name: 'line', protocol: 'line' },
      { ...at, name: 'mqtt', protocol: 'mqtt' },
    ],
    ...options,
  })
}

const port = (name: string) => kernel.listeners.find(listener => listener.name === name)!.port
const hello = (name: string) => LineClient.hello(port('line'), name)

async function mqttClient(clientId: string): Promise<Wire> {
  const client = await wire(port('mqtt'))
  await client.connect({ clientId })
  return client
}

beforeEach(() => start())
afterEach(() => kernel.close())

test('the example has at most 100 lines and imports nothing but the contract', () => {
  const source = readFileSync(new URL('../../examples/line-protocol/index.ts', import.meta.url), 'utf8')
  expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(100)
  expect(new Set([...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from))).toEqual(
    new Set(['../../kernel/plugin.ts']),
  )
})

test('two line clients exchange messages, in order', async () => {
  await using alice = await hello('alice')
  await using bob = await hello('bob')
  expect(await bob.ask('SUB room/+')).toBe('OK')
  for (let i = 0; i < 100; i++) alice.send(`PUB room/1 message ${i}`)
  for (let i = 0; i < 100; i++) expect(await bob.next()).toBe(`MSG room/1 message ${i}`)
  for (let i = 0; i < 100; i++) expect(await alice.next()).toBe('OK')
})

test('what MQTT.js publishes, a line client receives, and the other way round', async () => {
  await using alice = await hello('alice')
  await alice.ask('SUB from/mqtt/#')
  const peer = await mqttJs.connectAsync(`mqtt://127.0.0.1:${port('mqtt')}`)
  await peer.subscribeAsync('from/line', { qos: 1 })
  const received = new Promise<[string, string, number]>(resolve => {
    peer.on('message', (topic, payload, packet) => resolve([topic, payload.toString(), packet.qos]))
  })
  await peer.publishAsync('from/mqtt/js', 'hello', { qos: 2 })
  expect(await alice.next()).toBe('MSG from/mqtt/js hello')
  expect(await alice.ask('PUB from/line good morning')).toBe('OK')
  expect(await received).toEqual(['from/line', 'good morning', 1])
  await peer.endAsync()
})

test('a subscription to # takes every topic of every protocol, but for those of the server', async () => {
  await using alice = await hello('alice')
  await using bob = await hello('bob')
  await using peer = await mqttClient('peer')
  await alice.ask('SUB #')
  await peer.publish('a', '1', { qos: 1 })
  kernel.space().publish(new Message({ topic: '$SYS/x', payload: Buffer.from('hidden') }))
  await bob.ask('PUB b/c 2')
  expect(await alice.next()).toBe('MSG a 1')
  expect(await alice.next()).toBe('MSG b/c 2')
})

test('after UNSUB nothing comes, and a second UNSUB says so', async () => {
  await using alice = await hello('alice')
  await alice.ask('SUB a')
  expect(await alice.ask('UNSUB a')).toBe('OK')
  expect(await alice.ask('UNSUB a')).toBe('NONE')
  await alice.ask('PUB a too late')
  expect(alice.unread).toEqual([])
})

test('retained values of MQTT come after the OK and before what is published later', async () => {
  await using peer = await mqttClient('peer')
  await peer.publish('state/1', 'kept', { qos: 1, retain: true })
  await peer.publish('state/2', 'kept too', { qos: 1, retain: true })
  await using alice = await hello('alice')
  alice.send('SUB state/+')
  alice.send('PUB state/1 live')
  expect(await alice.next()).toBe('OK')
  expect([await alice.next(), await alice.next()].sort()).toEqual(['MSG state/1 kept', 'MSG state/2 kept too'])
  expect(await alice.next()).toBe('MSG state/1 live')
})

test('bytes of another protocol cannot forge a line: spaces and line ends are escaped, and come back as they were', async () => {
  await using alice = await hello('alice')
  await using bob = await hello('bob')
  await using peer = await mqttClient('peer')
  await alice.ask('SUB #')
  await peer.subscribe('back/#')
  await peer.publish('a b', 'x\nMSG forged 100% sure\r', { qos: 1 })
  const message = await alice.next()
  expect(message).toBe('MSG a%20b x%0AMSG forged 100%25 sure%0D')
  await bob.ask(message.replace('MSG a', 'PUB back/a'))
  const back = await peer.next('publish')
  expect([back.topic, back.payload.toString()]).toEqual(['back/a b', 'x\nMSG forged 100% sure\r'])
})

test.each([
  ['before HELLO', ['PUB a b'], 'ERR NOT_AUTHORIZED say HELLO first'],
  ['an unknown word', ['HELLO alice', 'SHOUT a'], 'ERR UNKNOWN known are HELLO, PUB, SUB and UNSUB'],
  ['a second HELLO', ['HELLO alice', 'HELLO bob'], 'ERR UNKNOWN known are HELLO, PUB, SUB and UNSUB'],
  [
    'a wildcard in a topic',
    ['HELLO alice', 'PUB a/# b'],
    'ERR TOPIC_INVALID topic "a/#" contains "#", which only filters may',
  ],
  ['no filter', ['HELLO alice', 'SUB'], 'ERR FILTER_INVALID filter "" is empty'],
  [
    "a topic of the broker's [hostile 21]",
    ['HELLO alice', 'PUB $SYS/x b'],
    'ERR NOT_AUTHORIZED client "alice" may not publish to "$SYS/x"',
  ],
  ['nothing at all', ['HELLO alice', ''], 'ERR UNKNOWN known are HELLO, PUB, SUB and UNSUB'],
])('%s is answered with ERR, and the connection stays', async (_, lines, answer) => {
  await using client = await LineClient.open(port('line'))
  for (const text of lines.slice(0, -1)) await client.ask(text)
  client.send(lines.at(-1)!)
  expect(await client.next()).toBe(answer)
  await using other = await hello('other')
  await other.ask('PUB still/works yes')
  client.send('SHOUT again')
  expect(await client.next()).toMatch(/^ERR/)
})

test('a line that is too long closes its connection and no other', async () => {
  await using alice = await hello('alice')
  await using bob = await hello('bob')
  await bob.ask('SUB #')
  alice.send(`PUB a ${'x'.repeat(2_000)}`)
  expect(await alice.closed()).toEqual([])
  await bob.ask('PUB b fine')
  expect(await bob.next()).toBe('MSG b fine')
})

test('who says nothing in time is told so, and closed', async () => {
  await kernel.close()
  const clock = new ManualClock(Date.now())
  await start({ clock })
  await using silent = await LineClient.open(port('line'))
  await using alice = await hello('alice')
  await clock.advance(10_000)
  expect(await silent.closed()).toEqual(['ERR NOT_AUTHORIZED no HELLO in time'])
  expect(await alice.ask('PUB a b')).toBe('OK')
})

test('rules hold: a refused publish and a refused subscription say why, and a withheld topic never comes', async () => {
  await kernel.close()
  await start({
    access: { rules: [{ effect: 'deny', filters: ['secret/#'], clientId: 'alice' }, { effect: 'allow' }] },
  })
  await using alice = await hello('alice')
  await using bob = await hello('bob')
  alice.send('PUB secret/plan attack')
  expect(await alice.next()).toBe('ERR NOT_AUTHORIZED client "alice" may not publish to "secret/plan"')
  alice.send('SUB secret/plan')
  expect(await alice.next()).toMatch(/^ERR NOT_AUTHORIZED .*"secret\/plan"$/)
  await alice.ask('SUB #')
  await bob.ask('PUB secret/plan attack')
  await bob.ask('PUB open/plan rest')
  expect(await alice.next()).toBe('MSG open/plan rest')
})

test('a wrong password is refused and closed', async () => {
  await kernel.close()
  await start({ access: { anonymous: 'never' } })
  await using client = await LineClient.open(port('line'))
  client.send('HELLO alice wrong')
  expect((await client.closed())[0]).toMatch(/^ERR NOT_AUTHORIZED/)
})

test('a second HELLO of one name takes the place of the first, which is told', async () => {
  await using first = await hello('alice')
  await using second = await hello('alice')
  expect(await first.closed()).toEqual(['ERR SESSION_TAKEN taken-over'])
  await second.ask('SUB a')
  await second.ask('PUB a mine')
  expect(await second.next()).toBe('MSG a mine')
})

test('a line client and an MQTT client of one name do not take each other over', async () => {
  await using alice = await hello('alice')
  await using peer = await mqttClient('alice')
  await alice.ask('SUB a')
  await peer.publish('a', 'from the other alice', { qos: 1 })
  expect(await alice.next()).toBe('MSG a from the other alice')
})

test('when the broker closes, clients are told', async () => {
  await using alice = await hello('alice')
  await kernel.close()
  expect(await alice.closed()).toEqual(['ERR CLOSED the broker is closing'])
  expect(alice.error).toBeUndefined()
})
