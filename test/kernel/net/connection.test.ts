import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { StreamConnection } from '../../../kernel/net/stream-connection.ts'
import type { Connection } from '../../../kernel/plugin.ts'
import { closed, connectTcp, echo, gone, readBytes, readToEnd, startListener } from './support.ts'

/** Turns of the event loop until something is so; the test's own time limit bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(next => setImmediate(next))
}

async function pair(options: Parameters<typeof startListener>[0] = {}) {
  const server = await startListener(options)
  const socket = await connectTcp(server.port)
  const connection = await server.accepted()
  return {
    server,
    socket,
    connection,
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('connections read into the one shared buffer: none allocates its own', async () => {
  await using peers = await pair()
  const { server, socket, connection } = peers
  const chunk = new Promise<ArrayBufferLike>(resolve => connection.receive(bytes => resolve(bytes.buffer)))
  socket.write('x')
  expect(await chunk).toBe(server.network.readBuffer.buffer)
})

test('a peer that does not read is seen as slow, and drains when it reads', async () => {
  await using peers = await pair({ limits: { highWaterBytes: 100_000 } })
  const { socket, connection } = peers
  socket.pause()
  let drains = 0
  connection.onDrain = () => (drains += 1)
  expect(connection.slow()).toBe(false)
  let written = 0
  // Loopback sockets hold some megabytes between them.
  while (!connection.slow()) {
    connection.output.write(Buffer.alloc(50_000))
    connection.output.write(Buffer.alloc(1_000))
    written += 51_000
    await new Promise(next => setImmediate(next))
  }
  expect(drains).toBe(0)
  const read = readBytes(socket, written)
  socket.resume()
  await read
  await until(() => drains > 0)
  expect([drains, connection.output.pendingBytes]).toEqual([1, 0])
})

test('bytes handed to a busy socket are never overwritten by later ones', async () => {
  await using peers = await pair()
  const { server, socket, connection } = peers
  socket.pause()
  let count = 0
  const write = () => {
    const at = connection.output.reserve(4)
    connection.output.buffer.writeUInt32BE(count, at)
    count += 1
  }
  while (connection.output.pendingBytes < 500_000) {
    for (let at = 0; at < 20_000; at += 1) write()
    await new Promise(next => setImmediate(next))
  }
  const read = readBytes(socket, count * 4)
  // Another connection uses the pool meanwhile.
  const other = await connectTcp(server.port)
  const second = await server.accepted()
  for (let at = 0; at < 100; at += 1) second.output.write(Buffer.alloc(3_000, 0xff))
  other.resume()
  socket.resume()
  const bytes = await read
  for (let at = 0; at < count; at += 1) if (bytes.readUInt32BE(at * 4) !== at) expect.fail(`number ${at} is wrong`)
  socket.destroy()
  other.destroy()
})

test('while a socket is busy, what gathers stays with us and goes out as one write', async () => {
  await using peers = await pair()
  const { socket, connection } = peers
  socket.pause()
  const { socket: ours } = connection as StreamConnection
  let written = 0
  while (ours.writableLength === 0) {
    connection.output.write(Buffer.alloc(100_000))
    written += 100_000
    await new Promise(next => setImmediate(next))
  }
  const handedOver = ours.writableLength
  for (let at = 0; at < 10; at += 1) {
    connection.output.write(Buffer.from('more'))
    await new Promise(next => setImmediate(next))
  }
  expect(ours.writableLength).toBe(handedOver)
  expect(connection.output.pendingBytes).toBe(handedOver + 40)
  const read = readBytes(socket, written + 40)
  socket.resume()
  await read
})

test('a close while the socket is busy still sends everything', async () => {
  await using peers = await pair()
  const { socket, connection } = peers
  socket.pause()
  let written = 0
  while ((connection as StreamConnection).socket.writableLength === 0) {
    connection.output.write(Buffer.alloc(100_000))
    written += 100_000
    await new Promise(next => setImmediate(next))
  }
  connection.output.write(Buffer.from('last words'))
  connection.close('done')
  const read = readToEnd(socket)
  socket.resume()
  const everything = await read
  expect(everything.length).toBe(written + 10)
  expect(everything.subarray(written).toString()).toBe('last words')
})

test('chunks of all sizes keep their order', async () => {
  await using peers = await pair()
  const { socket, connection } = peers
  const chunks = [1, 4_095, 4_096, 10, 70_000, 1, 1_000, 20_000, 66_000, 3].map((bytes, at) => Buffer.alloc(bytes, at))
  const expected = Buffer.concat(chunks)
  const read = readBytes(socket, expected.length)
  for (const chunk of chunks) connection.output.write(chunk)
  const large = connection.output.reserve(0)
  expect(large).toBeGreaterThanOrEqual(0)
  expect(connection.output.pendingBytes).toBe(expected.length)
  expect((await read).equals(expected)).toBe(true)
})

test('a silent peer is closed after its limit, never before it', async () => {
  await using peers = await pair()
  const { server, socket, connection } = peers
  let idle = 0
  connection.idleLimit(10_000, () => (idle += 1))
  connection.receive(() => {})
  const ended = closed(socket)
  socket.resume()
  await server.clock.advance(10_000)
  expect(idle).toBe(0)
  await server.clock.advance(500)
  expect(idle).toBe(1)
  await ended
  await gone(connection)
  await server.clock.advance(60_000)
  expect(idle).toBe(1)
})

test('each arrival begins the limit anew', async () => {
  await using peers = await pair()
  const { server, socket, connection } = peers
  let idle = 0
  connection.idleLimit(10_000, () => (idle += 1))
  let received = 0
  connection.receive(chunk => (received += chunk.length))
  for (let at = 1; at <= 5; at += 1) {
    await server.clock.advance(9_000)
    socket.write('x')
    await until(() => received === at)
  }
  await server.clock.advance(9_900)
  expect(idle).toBe(0)
  await server.clock.advance(700)
  expect(idle).toBe(1)
})

test('a peer that we paused is not silent', async () => {
  await using peers = await pair()
  const { server, connection } = peers
  let idle = 0
  connection.idleLimit(1_000, () => (idle += 1))
  connection.receive(() => {})
  connection.pause()
  await server.clock.advance(60_000)
  expect(idle).toBe(0)
  connection.resume()
  await server.clock.advance(2_000)
  expect(idle).toBe(1)
})

test('a wall clock that jumps makes nobody silent', async () => {
  await using peers = await pair()
  const { server, connection } = peers
  let idle = 0
  connection.idleLimit(30_000, () => (idle += 1))
  connection.receive(() => {})
  await server.clock.advance(1_000)
  server.clock.jump(3_600_000)
  await server.clock.advance(1_000)
  expect(idle).toBe(0)
})

test('the wheel turns only while somebody has a limit', async () => {
  await using peers = await pair()
  const { server, connection } = peers
  expect(server.clock.pending).toBe(0)
  connection.idleLimit(10_000, () => {})
  expect(server.clock.pending).toBe(1)
  connection.idleLimit(0, () => {})
  await server.clock.advance(500)
  expect(server.clock.pending).toBe(0)
})

test('a peer that ignores our close is destroyed after the linger limit', async () => {
  await using peers = await pair({ limits: { lingerMs: 5_000 } })
  const { server, socket, connection } = peers
  socket.allowHalfOpen = true
  socket.resume()
  connection.close('done')
  await once(socket, 'end')
  await server.clock.advance(4_500)
  expect(connection.signal.aborted).toBe(false)
  await server.clock.advance(1_000)
  expect(connection.signal.aborted).toBe(true)
  expect(server.listener.connections).toBe(0)
})

test('after a close nothing is delivered', async () => {
  await using peers = await pair()
  const { socket, connection } = peers
  const received: string[] = []
  connection.receive(chunk => received.push(chunk.toString()))
  socket.allowHalfOpen = true
  socket.resume()
  connection.close('done')
  socket.write('too late')
  await once(socket, 'end')
  socket.end()
  await gone(connection)
  expect(received).toEqual([])
})

test('a peer that resets is counted and harms nobody', async () => {
  await using peers = await pair()
  const { server, socket, connection } = peers
  connection.receive(() => {})
  socket.resetAndDestroy()
  await gone(connection)
  connection.output.write(Buffer.alloc(10))
  connection.close('again')
  connection.destroy('and again')
  await new Promise(next => setImmediate(next))
  expect(server.counters.sum('net_socket_errors')).toBe(1)
  expect(server.listener.connections).toBe(0)
})

test('the end of serving ends the connection; its failure too, and is counted', async () => {
  for (const serve of [
    async () => {},
    async () => Promise.reject(new Error('broken')),
    () => {
      throw new Error('broken at once')
    },
  ]) {
    await using server = await startListener({ serve })
    const socket = await connectTcp(server.port)
    socket.resume()
    await closed(socket)
    expect(server.counters.sum('net_connections_failed')).toBe(
      serve.length === 0 && String(serve).includes('broken') ? 1 : 0,
    )
  }
})

test('a receiver that throws loses its connection and nobody else does', async () => {
  await using server = await startListener({
    serve: connection => {
      connection.receive(chunk => {
        if (chunk.toString() === 'bad') throw new Error('a bug')
        connection.output.write(Buffer.from(chunk))
      })
      return gone(connection)
    },
  })
  const [bad, good] = [await connectTcp(server.port), await connectTcp(server.port)]
  bad.resume()
  bad.write('bad')
  await closed(bad)
  const read = readBytes(good, 4)
  good.write('good')
  expect((await read).toString()).toBe('good')
  good.destroy()
})

test.each([
  ['the listener', { maxConnections: 2 }, 'listener-limit'],
  ['the node', { limits: { maxConnections: 2 } }, 'node-limit'],
])(
  'connections over the limit of %s are closed and counted; a place that falls free is given',
  async (_what, options, reason) => {
    await using server = await startListener({ ...options, serve: echo })
    const sockets = [await connectTcp(server.port), await connectTcp(server.port)]
    const third = await connectTcp(server.port)
    expect(await readToEnd(third)).toHaveLength(0)
    expect(server.counters.sum('net_connections_refused', { reason })).toBe(1)
    sockets[0]?.destroy()
    await until(() => server.listener.connections === 1)
    const fourth = await connectTcp(server.port)
    const read = readBytes(fourth, 2)
    fourth.write('ok')
    expect((await read).toString()).toBe('ok')
    sockets[1]?.destroy()
    fourth.destroy()
  },
)

test('lines come whole, without their ends, and stop with the connection', async () => {
  await using peers = await pair()
  const { socket, connection } = peers
  const lines: string[] = []
  const all = (async () => {
    for await (const line of connection.lines(100)) lines.push(line)
  })()
  socket.write('one\r\ntwo\nthr')
  await until(() => lines.length === 2)
  socket.write('ee\n\nfünf\nrest')
  await until(() => lines.length === 5)
  socket.end()
  await all
  expect(lines).toEqual(['one', 'two', 'three', '', 'fünf'])
})

test('a peer whose lines nobody consumes is not read', async () => {
  await using peers = await pair()
  const { server, socket, connection } = peers
  const lines = connection.lines(100)[Symbol.asyncIterator]()
  socket.write('line\n'.repeat(2_000_000))
  await lines.next()
  // Another connection's round trips prove that the server has had its turns to read.
  const other = await connectTcp(server.port)
  void echo(await server.accepted())
  for (let at = 0; at < 20; at += 1) {
    const read = readBytes(other, 4)
    other.write('ping')
    await read
  }
  expect(server.counters.sum('net_received_bytes')).toBeLessThan(1_000_000)
  socket.destroy()
  other.destroy()
})

test('many lines at once hold the peer back until they are consumed, and none is lost', async () => {
  await using peers = await pair()
  const { socket, connection } = peers
  const count = 50_000
  socket.end(Array.from({ length: count }, (_, at) => `line ${at}\n`).join(''))
  let next = 0
  for await (const line of connection.lines(100)) {
    if (line !== `line ${next}`) expect.fail(`${line} instead of line ${next}`)
    next += 1
    if (next % 1_000 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  expect(next).toBe(count)
})

test.each(['x'.repeat(101), `${'x'.repeat(101)}\n`])('a line over the limit closes the connection', async text => {
  await using peers = await pair()
  const { socket, connection } = peers
  socket.resume()
  socket.write(`short\n${text}`)
  const lines: string[] = []
  for await (const line of connection.lines(100)) lines.push(line)
  expect(lines).toEqual(['short'])
  await closed(socket)
})

test('a receiver is set once', async () => {
  await using peers = await pair()
  const { connection } = peers
  connection.receive(() => {})
  expect(() => (connection as Connection).receive(() => {})).toThrow(/one receiver/)
})
