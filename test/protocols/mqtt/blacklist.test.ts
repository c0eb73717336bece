import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, refusal } from './client.ts'

const banned = 0x8a
const anyone = { access: { anonymous: 'always' } } as const

test.each([
  ['client-id', 'bad', { clientId: 'bad' }, { clientId: 'bad2' }],
  ['client-id-pattern', 'bot-*', { clientId: 'bot-17' }, { clientId: 'robot-17' }],
  ['client-id-pattern', 'b?d', { clientId: 'bad' }, { clientId: 'bd' }],
  ['user', 'eve', { username: 'eve' }, { username: 'Eve' }],
  ['user-pattern', 'e*', { username: 'eve' }, { username: 'steve' }],
] as const)('a %s ban of "%s" keeps out whom it names, and nobody else', async (kind, value, bad, good) => {
  await using broker = await startBroker({ kernel: anyone })
  await broker.kernel.blacklist.add({ kind, value })
  expect(await refusal(broker, bad)).toBe(banned)
  await using _ = await client(broker, good)
})

test.each([
  ['address', '127.0.0.1', '127.0.0.2'],
  ['address-block', '127.0.0.0/8', '10.0.0.0/8'],
] as const)('an %s ban keeps out who comes from there', async (kind, here, elsewhere) => {
  await using broker = await startBroker()
  await broker.kernel.blacklist.add({ kind, value: elsewhere })
  await using _ = await client(broker)
  await broker.kernel.blacklist.add({ kind, value: here })
  expect(await refusal(broker)).toBe(banned)
})

test('a 3.1.1 client is told "not authorized"', async () => {
  await using broker = await startBroker()
  await broker.kernel.blacklist.add({ kind: 'client-id', value: 'bad' })
  expect(await refusal(broker, { clientId: 'bad', version: 4 })).toBe(5)
})

test('a ban ends at its time', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await broker.kernel.blacklist.add({ kind: 'client-id', value: 'bad', until: broker.clock.now() + 60_000 })
  await broker.clock.advance(59_999)
  expect(await refusal(broker, { clientId: 'bad' })).toBe(banned)
  await broker.clock.advance(1)
  await using _ = await client(broker, { clientId: 'bad' })
  expect([...broker.kernel.blacklist.list()]).toEqual([])
})

test('a ban that is taken back lets in again', async () => {
  await using broker = await startBroker()
  await broker.kernel.blacklist.add({ kind: 'client-id', value: 'bad' })
  expect(await broker.kernel.blacklist.remove('client-id', 'bad')).toBe(true)
  await using _ = await client(broker, { clientId: 'bad' })
})

test('a ban survives a restart, with its end', async () => {
  await using broker = await startBroker({ storage: 'file', time: 'manual' })
  await broker.kernel.blacklist.add({ kind: 'client-id', value: 'bad', until: broker.clock.now() + 60_000 })
  await broker.restart()
  expect(await refusal(broker, { clientId: 'bad' })).toBe(banned)
  await broker.clock.advance(60_000)
  await using _ = await client(broker, { clientId: 'bad' })
})

test('a banned client does not take over the live session of its name', async () => {
  await using broker = await startBroker()
  await using live = await client(broker, { clientId: 'c' })
  await broker.kernel.blacklist.add({ kind: 'client-id', value: 'c' })
  expect(await refusal(broker, { clientId: 'c' })).toBe(banned)
  await live.nothing()
})

test('a pattern is no regular expression: its characters stand for themselves', async () => {
  await using broker = await startBroker()
  await broker.kernel.blacklist.add({ kind: 'client-id-pattern', value: '(a+)+.*' })
  await using _ = await client(broker, { clientId: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa!' })
  expect(await refusal(broker, { clientId: '(a+)+.anything' })).toBe(banned)
})
