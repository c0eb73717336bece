import { once } from 'node:events'
import { expect, test } from 'vitest'
import { connectTcp, echo, gone, readBytes, readToEnd, startListener } from './support.ts'

test('bytes come back as they were sent', async () => {
  await using server = await startListener({ serve: echo })
  const socket = await connectTcp(server.port)
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251))
  const read = readBytes(socket, sent.length)
  socket.write(sent)
  expect((await read).equals(sent)).toBe(true)
  socket.destroy()
})

test('two connections that share the read buffer do not mix their bytes', async () => {
  await using server = await startListener({ serve: echo })
  const sockets = await Promise.all(Array.from({ length: 8 }, () => connectTcp(server.port)))
  const all = await Promise.all(
    sockets.map((socket, at) => {
      const read = readBytes(socket, 100_000)
      for (let part = 0; part < 100; part += 1) socket.write(Buffer.alloc(1_000, at))
      return read
    }),
  )
  expect(all.map((bytes, at) => bytes.every(byte => byte === at))).toEqual(sockets.map(() => true))
  for (const socket of sockets) socket.destroy()
})

test('a peer that floods is read once a turn, so that the others come in between', async () => {
  await using server = await startListener()
  const socket = await connectTcp(server.port)
  const connection = await server.accepted()
  const flood = Buffer.alloc(4 * 1024 * 1024, 'x')
  const byTurn = new Map<number, number>()
  let turn = 0
  let received = 0
  const count = (): void => {
    turn += 1
    if (received < flood.length) setImmediate(count)
  }
  const all = new Promise<void>(resolve => {
    connection.receive(chunk => {
      byTurn.set(turn, (byTurn.get(turn) ?? 0) + chunk.length)
      received += chunk.length
      if (received === flood.length) resolve()
    })
  })
  socket.write(flood)
  count()
  await all
  expect(Math.max(...byTurn.values())).toBeLessThanOrEqual(64 * 1024)
  socket.destroy()
})

test('a peer that is paused while it floods stays paused', async () => {
  await using server = await startListener()
  const socket = await connectTcp(server.port)
  const connection = await server.accepted()
  const chunks: number[] = []
  const paused = new Promise<void>(resolve => {
    connection.receive(chunk => {
      chunks.push(chunk.length)
      if (chunk.length < 64 * 1024) return
      connection.pause()
      resolve()
    })
  })
  socket.write(Buffer.alloc(4 * 1024 * 1024))
  await paused
  const seen = chunks.length
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve))
  expect(chunks).toHaveLength(seen)
  socket.destroy()
})

test('what one turn writes goes out in one write', async () => {
  await using server = await startListener()
  const socket = await connectTcp(server.port)
  const connection = await server.accepted()
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  const messages = Array.from({ length: 500 }, (_, at) => `message ${at};`)
  for (const message of messages) connection.output.write(Buffer.from(message))
  while (Buffer.concat(chunks).length < messages.join('').length) await once(socket, 'data')
  expect(chunks).toHaveLength(1)
  socket.destroy()
})

test('the peer is named by its address, and a loopback one as such', async () => {
  await using server = await startListener({ host: '::' })
  const socket = await connectTcp(server.port)
  const { peer } = await server.accepted()
  expect(peer).toEqual({
    address: '127.0.0.1',
    port: socket.localPort,
    loopback: true,
    secure: false,
    certificate: undefined,
  })
  socket.destroy()
})

test('what was written before a close still arrives', async () => {
  await using server = await startListener()
  const socket = await connectTcp(server.port)
  const connection = await server.accepted()
  const everything = readToEnd(socket)
  connection.output.write(Buffer.alloc(500_000, 1))
  connection.output.write(Buffer.from('last words'))
  connection.close('done')
  connection.close('done again')
  expect((await everything).length).toBe(500_010)
  await gone(connection)
  expect(connection.signal.reason).toBe('done')
})

test('nothing is delivered after a pause until the resume', async () => {
  await using server = await startListener()
  const socket = await connectTcp(server.port)
  const connection = await server.accepted()
  const received: string[] = []
  const first = new Promise<void>(resolve => {
    connection.receive(chunk => {
      received.push(chunk.toString())
      connection.pause()
      resolve()
    })
  })
  socket.write('one')
  await first
  socket.write('two')
  // The other connection's round trip proves that the server has had its turn to read.
  const other = await connectTcp(server.port)
  const second = await server.accepted()
  second.receive(chunk => second.output.write(Buffer.from(chunk)))
  other.write('ping')
  await readBytes(other, 4)
  expect(received).toEqual(['one'])
  connection.resume()
  other.write('ping')
  await readBytes(other, 4)
  expect(received).toEqual(['one', 'two'])
  socket.destroy()
  other.destroy()
})
