import { expect, test } from 'vitest'
import { directPeer, proxiedPeer } from '../../../kernel/net/arrival.ts'
import { closed, connectTcp, echo, readBytes, readToEnd, startListener } from './support.ts'

const fromClient = 'PROXY TCP4 203.0.113.7 10.0.0.1 4711 1883\r\n'

test('behind a trusted proxy the peer is the client, and it is not loopback', async () => {
  await using server = await startListener({ proxyFrom: ['127.0.0.0/8'] })
  const socket = await connectTcp(server.port)
  socket.write(`${fromClient}hello`)
  const connection = await server.accepted()
  expect(connection.peer).toMatchObject({ address: '203.0.113.7', port: 4711, loopback: false })
  const received = await new Promise<string>(resolve => connection.receive(chunk => resolve(chunk.toString())))
  expect(received).toBe('hello')
  socket.destroy()
})

test('a header that comes byte by byte is the same header', async () => {
  await using server = await startListener({ proxyFrom: ['127.0.0.1'], serve: echo })
  const socket = await connectTcp(server.port)
  const read = readBytes(socket, 5)
  for (const byte of `${fromClient}hello`) {
    socket.write(byte)
    await new Promise(resolve => setImmediate(resolve))
  }
  expect((await read).toString()).toBe('hello')
  socket.destroy()
})

test('a client that a local proxy does not name is not taken for a local one', async () => {
  await using server = await startListener({ proxyFrom: ['127.0.0.1'] })
  const socket = await connectTcp(server.port)
  socket.write('PROXY UNKNOWN\r\n')
  expect((await server.accepted()).peer).toMatchObject({ address: '127.0.0.1', loopback: false })
  socket.destroy()
})

test('a client is loopback only when the proxy is and the proxy says so', () => {
  const local = directPeer('127.0.0.1', 1)
  const remote = directPeer('::ffff:192.0.2.1', 1)
  const claim = (address: string) => ({ address, port: 2 })
  expect(proxiedPeer(local, claim('::1')).loopback).toBe(true)
  expect(proxiedPeer(local, claim('192.0.2.2')).loopback).toBe(false)
  expect(proxiedPeer(remote, claim('127.0.0.1'))).toMatchObject({ address: '127.0.0.1', loopback: false })
  expect(proxiedPeer(remote, undefined)).toMatchObject({ address: '192.0.2.1', loopback: false })
})

test('the header of a peer that is not trusted is not read: the connection is closed', async () => {
  await using server = await startListener({ proxyFrom: ['10.0.0.0/8'] })
  const socket = await connectTcp(server.port)
  socket.write(fromClient)
  expect(await readToEnd(socket)).toHaveLength(0)
  expect(server.counters.sum('net_connections_refused', { reason: 'untrusted-proxy' })).toBe(1)
  expect(server.listener.connections).toBe(0)
})

test.each(['hello', 'PROXY TCP4 x\r\n'])(
  'a connection that begins with %j instead of a header is closed',
  async text => {
    await using server = await startListener({ proxyFrom: ['127.0.0.1'] })
    const socket = await connectTcp(server.port)
    socket.write(text)
    await closed(socket)
    expect(server.counters.sum('net_connections_refused', { reason: 'proxy-header' })).toBe(1)
    expect(server.listener.connections).toBe(0)
  },
)

test('a header that never ends is given up after the handshake limit', async () => {
  await using server = await startListener({ proxyFrom: ['127.0.0.1'], limits: { handshakeMs: 1_000 } })
  const socket = await connectTcp(server.port)
  socket.write('PROXY TCP4')
  const gone = closed(socket)
  // The arrival is known to the server once it counts it.
  while (server.listener.connections === 0) await new Promise(next => setImmediate(next))
  await server.clock.advance(1_500)
  await gone
  expect(server.counters.sum('net_connections_refused', { reason: 'handshake-timeout' })).toBe(1)
})

test('a block that is none is refused when the listener is opened', async () => {
  await expect(startListener({ proxyFrom: ['10.0.0.0/33'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
