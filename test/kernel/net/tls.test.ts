import { once } from 'node:events'
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { makeAuthority } from './certificates.ts'
import { closed, connectTcp, echo, readBytes, startListener } from './support.ts'

const authority = makeAuthority('authority')
const stranger = makeAuthority('stranger')
const server1 = authority.sign('first')
const server2 = authority.sign('second')

async function connectTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', ca: authority.cert, ...options })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

test('bytes come back as they were sent, and the peer is secure', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1 })
  const socket = await connectTls(server.port)
  const connection = await server.accepted()
  void echo(connection)
  const sent = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251))
  const read = readBytes(socket, sent.length)
  socket.write(sent)
  expect((await read).equals(sent)).toBe(true)
  expect(connection.peer).toMatchObject({ address: '127.0.0.1', secure: true, loopback: true, certificate: undefined })
  socket.destroy()
})

test('what one turn writes goes out in one record', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1 })
  const socket = await connectTls(server.port)
  const connection = await server.accepted()
  const first = once(socket, 'data')
  for (let at = 0; at < 100; at += 1) connection.output.write(Buffer.from('message'))
  expect((await first)[0]).toHaveLength(700)
  socket.destroy()
})

test('what was written before a close still arrives', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1 })
  const socket = await connectTls(server.port)
  const connection = await server.accepted()
  const read = readBytes(socket, 300_000)
  connection.output.write(Buffer.alloc(300_000, 7))
  connection.close('done')
  expect((await read).every(byte => byte === 7)).toBe(true)
  await closed(socket)
})

test('plain bytes on a TLS port close that connection, are counted, and hurt nobody else', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1, serve: echo })
  const plain = await connectTcp(server.port)
  plain.resume()
  plain.write('hello, is this TLS? surely not')
  await closed(plain)
  expect(server.counters.sum('net_connections_refused', { reason: 'tls' })).toBe(1)
  const socket = await connectTls(server.port)
  const read = readBytes(socket, 2)
  socket.write('ok')
  expect((await read).toString()).toBe('ok')
  expect(server.listener.connections).toBe(1)
  socket.destroy()
})

test('a handshake that never goes on is given up', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1, limits: { handshakeMs: 1_000 } })
  const plain = await connectTcp(server.port)
  const gone = closed(plain)
  while (server.listener.connections === 0) await new Promise(next => setImmediate(next))
  plain.resume()
  await server.clock.advance(1_500)
  await gone
  expect(server.counters.sum('net_connections_refused', { reason: 'handshake-timeout' })).toBe(1)
  expect(server.listener.connections).toBe(0)
})

test('a PROXY header stands before the handshake', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1, proxyFrom: ['127.0.0.1'] })
  const plain = await connectTcp(server.port)
  plain.write('PROXY TCP4 203.0.113.7 10.0.0.1 4711 8883\r\n')
  const socket = tls.connect({ socket: plain, ca: authority.cert, servername: 'localhost' })
  await once(socket, 'secureConnect')
  const connection = await server.accepted()
  expect(connection.peer).toMatchObject({ address: '203.0.113.7', port: 4711, loopback: false, secure: true })
  void echo(connection)
  const read = readBytes(socket, 5)
  socket.write('hello')
  expect((await read).toString()).toBe('hello')
  socket.destroy()
})

describe('mutual TLS', () => {
  const mutual = { ...server1, clientCa: authority.cert }

  test('a client with a certificate of the authority is served and named', async () => {
    await using server = await startListener({ transport: 'tls', tls: mutual })
    const socket = await connectTls(server.port, authority.sign('device-7'))
    const { peer } = await server.accepted()
    expect(peer.certificate?.commonName).toBe('device-7')
    expect(peer.certificate?.fingerprint256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    socket.destroy()
  })

  test.each([
    ['no certificate', {}],
    ['a certificate of another authority', stranger.sign('device-7')],
    ['the certificate of another authority itself', { cert: stranger.cert, key: stranger.key }],
  ])('a client with %s never becomes a connection', async (_what, options) => {
    await using server = await startListener({ transport: 'tls', tls: mutual })
    const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca: authority.cert, ...options })
    socket.on('error', () => {})
    socket.resume()
    await closed(socket)
    expect(server.counters.sum('net_connections_opened')).toBe(0)
    expect(server.counters.sum('net_connections_refused', { reason: 'tls' })).toBe(1)
    expect(server.listener.connections).toBe(0)
  })

  test.each(['', 'not a certificate'])('authorities %j do not open a listener', async clientCa => {
    await expect(startListener({ transport: 'tls', tls: { ...server1, clientCa } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  test('new authorities hold for clients that come back with a session of the old ones', async () => {
    await using server = await startListener({ transport: 'tls', tls: mutual, serve: echo })
    const identity = authority.sign('device-7')
    const socket = await connectTls(server.port, identity)
    const session = once(socket, 'session')
    socket.write('x')
    const [ticket] = await session
    socket.destroy()
    server.listener.replaceTls({ ...server1, clientCa: stranger.cert })
    const again = tls.connect({
      port: server.port,
      host: '127.0.0.1',
      ca: authority.cert,
      session: ticket,
      ...identity,
    })
    again.on('error', () => {})
    again.resume()
    await closed(again)
    expect(server.counters.sum('net_connections_opened')).toBe(1)
  })
})

test('a replaced certificate is shown to new connections and leaves old ones alone', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1, serve: echo })
  const before = await connectTls(server.port)
  server.listener.replaceTls(server2)
  const after = await connectTls(server.port)
  expect([before, after].map(socket => socket.getPeerCertificate().subject.CN)).toEqual(['first', 'second'])
  const read = readBytes(before, 5)
  before.write('still')
  expect((await read).toString()).toBe('still')
  before.destroy()
  after.destroy()
})

test('an unusable replacement is refused and the old certificate stays', async () => {
  await using server = await startListener({ transport: 'tls', tls: server1 })
  expect(() => server.listener.replaceTls({ cert: server1.cert, key: stranger.key })).toThrow(/cannot be used/)
  const socket = await connectTls(server.port)
  expect(socket.getPeerCertificate().subject.CN).toBe('first')
  socket.destroy()
})

test('a listener for TLS without a certificate, and one for TCP with one, are refused', async () => {
  await expect(startListener({ transport: 'tls' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await expect(startListener({ transport: 'tcp', tls: server1 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
