import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { makeAuthority } from './certificates.ts'
import {
  closed,
  connectTcp,
  echo,
  readBytes,
  readToEnd,
  startListener,
  type TestListener,
  type TestOptions,
} from './support.ts'

const websocket = { subprotocols: ['wire', 'wire.old'], path: '/wire' }

function startWebSocket(options: TestOptions = {}): Promise<TestListener> {
  return startListener({ transport: 'ws', websocket, ...options })
}

async function connect(port: number, protocols: string[] = ['wire'], path = '/wire'): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols)
  await once(client, 'open')
  return client
}

/** Messages until they hold `bytes` bytes. One listener for all: `ws` emits several in one turn. */
function messages(client: WebSocket, bytes: number): Promise<Buffer[]> {
  return new Promise(resolve => {
    const read: Buffer[] = []
    let missing = bytes
    client.on('message', (message: Buffer) => {
      read.push(message)
      missing -= message.length
      if (missing <= 0) resolve(read)
    })
  })
}

const upgrade = (path = '/wire', extra = '') =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n${extra}\r\n`

/** A socket past the upgrade, for frames that no client library would send. */
async function upgraded(server: TestListener): Promise<Socket> {
  const socket = await connectTcp(server.port)
  socket.write(upgrade())
  await once(socket, 'data')
  return socket
}

/** A frame as a client sends it, masked with zeros. */
function frame(opcode: number, payload: Uint8Array, final = true): Buffer {
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...length, 0, 0, 0, 0]), payload])
}

test('bytes come back as they were sent, wherever frames begin and end', async () => {
  await using server = await startWebSocket({ serve: echo })
  const client = await connect(server.port)
  const sent = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251))
  const read = messages(client, sent.length)
  for (let at = 0; at < sent.length; at += 777) client.send(sent.subarray(at, at + 777))
  expect(Buffer.concat(await read).equals(sent)).toBe(true)
  client.terminate()
})

test.each([1, 125, 126, 65_535, 65_536, 300_000])('%i bytes of one turn are one frame', async bytes => {
  await using server = await startWebSocket()
  const client = await connect(server.port)
  const connection = await server.accepted()
  const first = once(client, 'message')
  const sent = Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251))
  const half = bytes >> 1
  for (let at = 0; at < half; at += 100) connection.output.write(sent.subarray(at, Math.min(at + 100, half)))
  connection.output.write(sent.subarray(half))
  const [message, isBinary] = await first
  expect(isBinary).toBe(true)
  expect(sent.equals(message)).toBe(true)
  client.terminate()
})

test.each([
  [['wire'], 'wire'],
  [['wire.old', 'wire'], 'wire'],
  [['other', 'wire.old'], 'wire.old'],
  [[], ''],
])('a client that offers %j gets %j', async (offered, chosen) => {
  await using server = await startWebSocket()
  const client = await connect(server.port, offered)
  expect(client.protocol).toBe(chosen)
  client.terminate()
})

test.each([
  ['only unknown subprotocols', upgrade('/wire', 'Sec-WebSocket-Protocol: chat, v2\r\n'), 400],
  ['another path', upgrade('/other'), 404],
  ['no upgrade', 'GET /wire HTTP/1.1\r\nHost: localhost\r\n\r\n', 426],
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['another version of WebSocket', upgrade().replace('Version: 13', 'Version: 7'), 400],
  ['a key of the wrong length', upgrade().replace(/Key: .*/, 'Key: abc'), 400],
  ['headers over the limit', upgrade('/wire', `X: ${'x'.repeat(20_000)}\r\n`), 431],
])('%s: answered, closed, never a connection', async (_what, request, status) => {
  await using server = await startWebSocket()
  const socket = await connectTcp(server.port)
  socket.write(request)
  const answer = (await readToEnd(socket)).toString()
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(server.counters.sum('net_connections_opened')).toBe(0)
  while (server.listener.connections > 0) await new Promise(next => setImmediate(next))
})

test('a request that never ends is given up after the handshake limit', async () => {
  await using server = await startWebSocket({ limits: { handshakeMs: 1_000 } })
  const socket = await connectTcp(server.port)
  socket.write('GET /wire HTTP/1.1\r\nHost: ')
  const gone = closed(socket)
  while (server.listener.connections === 0) await new Promise(next => setImmediate(next))
  await server.clock.advance(1_500)
  await gone
  expect(server.counters.sum('net_connections_refused', { reason: 'handshake-timeout' })).toBe(1)
})

describe('hostile frames', () => {
  const top = Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
  const huge = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1])

  test.each([
    ['a text frame', frame(1, Buffer.from('hello')), 1003],
    ['an unmasked frame', Buffer.from([0x82, 1, 7]), 1002],
    ['a 64-bit length with the top bit set', top, 1009],
    ['a frame of 256 MB', huge, 1009],
    ['a reserved bit', Buffer.from([0xc2, 0x80, 0, 0, 0, 0]), 1002],
    ['a reserved opcode', frame(3, Buffer.alloc(1)), 1002],
    ['a continuation of nothing', frame(0, Buffer.alloc(1)), 1002],
    ['a ping over 125 bytes', frame(9, Buffer.alloc(126)), 1002],
    ['a fragmented ping', frame(9, Buffer.alloc(1), false), 1002],
  ])('%s closes that connection with its code, and nobody else', async (_what, bytes, code) => {
    await using server = await startWebSocket({ serve: echo })
    const healthy = await connect(server.port)
    const socket = await upgraded(server)
    socket.write(bytes)
    const answer = readToEnd(socket)
    socket.end(Buffer.concat([bytes, frame(8, Buffer.from([code >> 8, code & 0xff]))]))
    const close = await answer
    expect([close[0], close.readUInt16BE(2)]).toEqual([0x88, code])
    const read = messages(healthy, 2)
    healthy.send('ok', { binary: true })
    expect(Buffer.concat(await read).toString()).toBe('ok')
    expect(server.listener.connections).toBe(1)
    healthy.terminate()
  })

  test('fragments of one message are bytes like any others, with a ping between them', async () => {
    await using server = await startWebSocket({ serve: echo })
    const socket = await upgraded(server)
    const read = readBytes(socket, 4 + 8)
    socket.write(
      Buffer.concat([
        frame(2, Buffer.from('ab'), false),
        frame(9, Buffer.from('pi')),
        frame(0, Buffer.from('cd'), false),
        frame(0, Buffer.from('ef')),
      ]),
    )
    const answer = await read
    expect(answer.includes(Buffer.from([0x8a, 2, 0x70, 0x69]))).toBe(true)
    expect(answer.includes(Buffer.from([0x82, 6, ...Buffer.from('abcdef')]))).toBe(true)
    socket.destroy()
  })

  test('a compressed message is refused: compression is never agreed on', async () => {
    await using server = await startWebSocket()
    const socket = await connectTcp(server.port)
    const answer = once(socket, 'data')
    socket.write(upgrade('/wire', 'Sec-WebSocket-Extensions: permessage-deflate\r\n'))
    expect((await answer).toString()).not.toMatch(/extensions/i)
    socket.destroy()
  })

  test('pings of a peer that reads nothing do not pile up', async () => {
    await using server = await startWebSocket({ limits: { highWaterBytes: 64 * 1024 } })
    const socket = await upgraded(server)
    socket.pause()
    const connection = await server.accepted()
    connection.receive(() => {})
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(9, Buffer.alloc(125))))
    // Twenty megabytes of answers, far more than the sockets of both sides hold.
    for (let at = 0; at < 160; at += 1) {
      if (!socket.write(pings)) await once(socket, 'drain')
      expect(connection.output.pendingBytes).toBeLessThan(128 * 1024)
    }
    socket.destroy()
  })
})

test('nothing is delivered after a pause, not even of the same read, until the resume', async () => {
  await using server = await startWebSocket()
  const client = await connect(server.port)
  const connection = await server.accepted()
  const received: string[] = []
  let wake = () => {}
  connection.receive(chunk => {
    received.push(chunk.toString())
    connection.pause()
    wake()
  })
  const arrival = () => new Promise<void>(resolve => (wake = resolve))
  const first = arrival()
  for (const text of ['one', 'two', 'three']) client.send(text, { binary: true })
  await first
  expect(received).toEqual(['one'])
  for (const expected of [
    ['one', 'two'],
    ['one', 'two', 'three'],
  ]) {
    const next = arrival()
    connection.resume()
    await next
    expect(received).toEqual(expected)
  }
  client.terminate()
})

test('what was written before a close still arrives, then the closing handshake', async () => {
  await using server = await startWebSocket()
  const client = await connect(server.port)
  const connection = await server.accepted()
  const read = messages(client, 300_000)
  const close = once(client, 'close')
  connection.output.write(Buffer.alloc(300_000, 7))
  connection.close('done')
  expect(Buffer.concat(await read)).toHaveLength(300_000)
  expect((await close)[0]).toBe(1000)
})

test('WebSocket over TLS: bytes come back, and the peer is secure', async () => {
  const authority = makeAuthority('authority')
  await using server = await startWebSocket({ transport: 'wss', tls: authority.sign('server') })
  const options: ClientOptions = { ca: authority.cert }
  const client = new WebSocket(`wss://127.0.0.1:${server.port}/wire`, ['wire'], options)
  await once(client, 'open')
  const connection = await server.accepted()
  expect(connection.peer).toMatchObject({ secure: true, address: '127.0.0.1' })
  void echo(connection)
  const read = messages(client, 5)
  client.send('hello', { binary: true })
  expect(Buffer.concat(await read).toString()).toBe('hello')
  client.close()
  await once(client, 'close')
  while (server.listener.connections > 0) await new Promise(next => setImmediate(next))
})

test('a PROXY header stands before the request', async () => {
  await using server = await startWebSocket({ proxyFrom: ['127.0.0.1'] })
  const socket = await connectTcp(server.port)
  socket.write(`PROXY TCP4 203.0.113.7 10.0.0.1 4711 80\r\n${upgrade()}`)
  expect((await server.accepted()).peer).toMatchObject({ address: '203.0.113.7', loopback: false })
  socket.destroy()
})
