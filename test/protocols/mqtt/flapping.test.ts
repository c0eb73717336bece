import { expect, test } from 'vitest'
import type { AuthPlugin } from '../../../kernel/plugin.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, refusal } from './client.ts'

const banned = 0x8a

function start(): Promise<TestBroker> {
  const flapping = { disconnects: 3, windowMs: 60_000, banMs: 300_000 }
  return startBroker({ time: 'manual', kernel: { access: { flapping } } })
}

async function flap(broker: TestBroker, clientId: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const one = await client(broker, { clientId })
    await one.end()
  }
}

test('a client that disconnects too often is kept out for a time, and only that client', async () => {
  await using broker = await start()
  await flap(broker, 'f', 4)
  expect(await refusal(broker, { clientId: 'f' })).toBe(banned)
  await using _other = await client(broker, { clientId: 'g' })
  await broker.clock.advance(300_000)
  await using _ = await client(broker, { clientId: 'f' })
})

test('as many disconnects as are allowed ban nobody', async () => {
  await using broker = await start()
  await flap(broker, 'f', 3)
  await using _ = await client(broker, { clientId: 'f' })
})

test('what lies outside the window does not count', async () => {
  await using broker = await start()
  await flap(broker, 'f', 3)
  await broker.clock.advance(60_000)
  await flap(broker, 'f', 3)
  await using _ = await client(broker, { clientId: 'f' })
})

test('it does not matter how the connections end', async () => {
  await using broker = await start()
  for (let i = 0; i < 4; i++) {
    const one = await client(broker, { clientId: 'f' })
    const gone = new Promise(resolve => broker.kernel.events.on('client.disconnected', resolve))
    await one.drop()
    await gone
  }
  expect(await refusal(broker, { clientId: 'f' })).toBe(banned)
})

test('two clients that push each other out of one client id are banned, too', async () => {
  await using broker = await start()
  const rivals = []
  for (let i = 0; i < 5; i++) rivals.push(await client(broker, { clientId: 'f' }))
  expect(await refusal(broker, { clientId: 'f' })).toBe(banned)
  for (const rival of rivals) await rival.drop()
})

test('who flaps in one tenant is not banned in another', async () => {
  const byUser: AuthPlugin<unknown> = {
    kind: 'auth',
    name: 'by-user',
    api: 1,
    options: {},
    open: async () => ({
      authenticate: async ({ user = 'default' }) => ({ user, tenant: user }),
      close: async () => {},
    }),
  }
  const flapping = { disconnects: 3, windowMs: 60_000, banMs: 300_000 }
  await using broker = await startBroker({ kernel: { access: { flapping, authenticators: [{ plugin: byUser }] } } })
  const [red, blue] = ['red', 'blue'].map(username => ({ clientId: 'f', username, password: 'x' }))
  for (const one of [red, red, red, blue, red]) await (await client(broker, one)).end()
  expect(await refusal(broker, red)).toBe(banned)
  await using _ = await client(broker, blue)
})

test('the ban is an event, and an entry of the blacklist with its end', async () => {
  await using broker = await start()
  const events: unknown[] = []
  broker.kernel.events.on('client.flapping', detail => events.push(detail))
  await flap(broker, 'f', 4)
  const until = broker.clock.now() + 300_000
  expect(events).toEqual([{ tenant: 'default', clientId: 'f', until }])
  expect([...broker.kernel.blacklist.list()]).toEqual([
    { kind: 'client-id', value: 'f', tenant: 'default', until, reason: 'flapping' },
  ])
})
