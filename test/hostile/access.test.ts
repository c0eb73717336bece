import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { password } from '../../auth-plugins/password/index.ts'
import type { AuthPlugin } from '../../kernel/plugin.ts'
import { startBroker } from '../support/broker.ts'
import { certificates } from '../support/certificates.ts'
import { type ConnectOptions, wire } from '../support/wire.ts'
import { count, type House, openHouse } from './house.ts'

let house: House | undefined
afterEach(async () => {
  await house?.[Symbol.asyncDispose]()
  house = undefined
})

test('an empty list of rules lets nobody publish or subscribe [hostile 31]', async () => {
  await using broker = await startBroker({ kernel: { access: { rules: [] } } })
  const client = await broker.wire()
  await client.connect()
  expect(await client.publish('t', 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x87 }])
  expect((await client.subscribe([{ topic: 't' }, { topic: '#' }])).granted).toEqual([0x87, 0x87])
})

test.each([
  ['users: [alice]'],
  ['version: 1\nusers:\n  alice: plain'],
  ['{"users": {"alice": {"scrypt": 5}}}'],
  ['alice:secret'],
])('a users file that says %j starts no broker, so nobody comes in by it [hostile 31]', async text => {
  const directory = await mkdtemp(path.join(tmpdir(), 'users-'))
  const file = path.join(directory, 'users')
  await writeFile(file, text)
  const access = { authenticators: [{ plugin: password, options: { file } }] }
  await expect(startBroker({ kernel: { access } })).rejects.toThrow(/users/)
  await rm(directory, { recursive: true })
})

test('a client that is not local and names nobody stays outside, on every listener [hostile 31]', async () => {
  const at = { protocol: 'mqtt', host: '127.0.0.1', port: 0, proxyFrom: ['127.0.0.1'] }
  house = await openHouse({
    listeners: [
      { ...at, name: 'far', transport: 'tcp' },
      { ...at, name: 'far-ws', transport: 'ws' },
    ],
  })
  const client = await wire(house.broker.portOf('far'), { version: 4 })
  client.sendRaw(Buffer.from('PROXY TCP4 192.0.2.7 127.0.0.1 1234 1883\r\n'))
  expect((await client.connect()).returnCode).toBe(5)
  await client.closed()
  await house.intact()
})

test('"never" lets nobody in without credentials [hostile 31]', async () => {
  await using broker = await startBroker({ tls: true, websocket: true, kernel: { access: { anonymous: 'never' } } })
  for (const transport of ['tcp', 'ws', 'tls', 'wss'] as const) {
    for (const options of [{}, { username: 'x' }, { username: 'x', password: 'y' }]) {
      const client = await wire(broker.portOf(transport), { transport, ca: broker.ca })
      expect([0x86, 0x87]).toContain((await client.connect(options)).reasonCode)
      await client.closed()
    }
  }
})

test.each(['', 'no certificate'])('client authorities %j open no listener [hostile 36]', async clientCa => {
  const { cert, key } = await certificates()
  const listener = { name: 'mutual', protocol: 'mqtt', transport: 'tls' as const, host: '127.0.0.1', port: 0 }
  const opened = startBroker({ listeners: [{ ...listener, tls: { cert, key, clientCa } }] })
  await expect(opened).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('without a certificate of the authority nobody gets as far as CONNECT [hostile 36]', async () => {
  const { ca, cert, key } = await certificates()
  const listener = { name: 'mutual', protocol: 'mqtt', transport: 'tls' as const, host: '127.0.0.1', port: 0 }
  house = await openHouse({ listeners: [{ ...listener, tls: { cert, key, clientCa: ca } }] })
  const port = house.broker.portOf('mutual')
  // TLS 1.3 tells a client only after its own handshake that it is refused.
  const client = await wire(port, { transport: 'tls', ca }).catch(() => undefined)
  if (client) {
    client.sendConnect()
    expect((await client.closed()).packets).toEqual([])
  }
  expect(count(house.kernel, 'mqtt_connects_received')).toBe(2)
  await using known = await wire(port, { transport: 'tls', ca, cert, key })
  expect((await known.connect()).reasonCode).toBe(0)
  await known.drop()
  await house.intact()
})

/** Counts its questions, and leaves them unanswered until told otherwise. */
function slowAuthenticator() {
  const asked: (() => void)[] = []
  const plugin: AuthPlugin = {
    kind: 'auth',
    name: 'slow',
    api: 1,
    options: {},
    open: async () => ({
      authenticate: ({ user }) =>
        user === 'healthy'
          ? Promise.resolve({ user })
          : new Promise(resolve => asked.push(() => resolve(user === 'good' ? { user } : 'denied'))),
      close: async () => {},
    }),
  }
  return { plugin, asked }
}

test('a storm of logins asks the back end only so often at once, and the healthy pair goes on [hostile 48]', async () => {
  const { plugin, asked } = slowAuthenticator()
  house = await openHouse(
    { kernel: { access: { authenticators: [{ plugin }] } } },
    { username: 'healthy', password: 'x' },
  )
  const storm = await Promise.all(Array.from({ length: 300 }, () => house!.wire()))
  for (const client of storm) client.sendConnect({ username: 'bad', password: 'x' })
  await house.until(() => asked.length >= 256)
  expect(asked.length).toBe(256)
  // Who leaves while it waits is not asked about at all.
  for (const client of storm.slice(256)) await client.drop()
  while (asked.length > 0) {
    for (const answer of asked.splice(0)) answer()
    await house.until(() => asked.length > 0, 50)
  }
  await house.intact()
})

test('guessing a password is slow and asks nobody; others of that address, and that name elsewhere, come in [hostile 48]', async () => {
  let asked = 0
  const plugin: AuthPlugin = {
    kind: 'auth',
    name: 'counting',
    api: 1,
    options: {},
    open: async () => ({
      methods: ['NAMED'],
      authenticate: async ({ user, password }) => {
        asked++
        return Buffer.from(password ?? []).toString() === 'right' ? { user } : 'denied'
      },
      exchange: () => ({
        user: 'boss',
        step: async () => {
          asked++
          return 'denied'
        },
      }),
      close: async () => {},
    }),
  }
  const kernel = { access: { authenticators: [{ plugin }] }, limits: { failedLoginsPerMinute: 6 } }
  house = await openHouse({ time: 'manual', kernel }, { username: 'healthy', password: 'right' })
  const before = asked
  const login = async (password: string, options: ConnectOptions = {}, localAddress = '127.0.0.1') => {
    const client = await house!.wire('tcp', { localAddress })
    return (await client.connect({ username: 'boss', password, ...options })).reasonCode
  }
  const exchange = { properties: { authenticationMethod: 'NAMED', authenticationData: Buffer.from('x') } }
  for (let i = 0; i < 3; i++) expect(await login('wrong')).toBe(0x86)
  for (let i = 0; i < 3; i++) expect(await login('wrong', exchange)).not.toBe(0)
  expect(asked - before).toBe(6)
  expect(await login('right')).toBe(0x9f)
  expect(asked - before).toBe(6)
  expect(await login('right', { username: 'clerk' })).toBe(0)
  expect(await login('right', {}, '127.0.0.2')).toBe(0)
  await house.broker.clock.advance(10_000)
  expect(await login('right')).toBe(0)
  await house.intact()
})

test('connects above the rate are refused, and those within it are not [hostile 48]', async () => {
  house = await openHouse({ time: 'manual', kernel: { limits: { connectsPerSecond: 5 } } })
  const codes: (number | undefined)[] = []
  for (let i = 0; i < 6; i++) {
    const client = await house.wire()
    codes.push((await client.connect()).reasonCode)
  }
  expect(codes.filter(code => code === 0)).toHaveLength(3)
  expect(codes.every(code => code === 0 || (code ?? 0) >= 0x97)).toBe(true)
  await house.broker.clock.advance(1_000)
  await house.client()
  await house.intact()
})

test('a client that flaps is kept out for a while, by its own id only [hostile 48]', async () => {
  house = await openHouse({
    time: 'manual',
    kernel: { access: { flapping: { disconnects: 3, windowMs: 60_000, banMs: 60_000 } } },
  })
  for (let i = 0; i < 4; i++) {
    const client = await house.client('tcp', { clientId: 'flapper' })
    await client.end()
  }
  const out = await house.wire()
  expect((await out.connect({ clientId: 'flapper' })).reasonCode).toBe(0x8a)
  await out.closed()
  await house.client('tcp', { clientId: 'flapper2' })
  await house.intact()
  await house.broker.clock.advance(60_001)
  await house.client('tcp', { clientId: 'flapper' })
})
