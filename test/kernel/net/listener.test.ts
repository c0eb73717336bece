import net from 'node:net'
import { expect, test } from 'vitest'
import { closed, connectTcp, echo, readBytes, startListener } from './support.ts'

test('a taken port is refused with its address and the process that holds it', async () => {
  await using first = await startListener()
  const second = startListener({ port: first.port })
  await expect(second).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  await expect(second).rejects.toThrow(`127.0.0.1:${first.port}`)
  if (process.platform === 'linux') await expect(second).rejects.toThrow(`process ${process.pid} (`)
})

test('an address this machine does not have is refused', async () => {
  await expect(startListener({ host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('192.0.2.1:0'),
  })
})

test('a closed listener accepts nobody, frees its port, and leaves its connections alone', async () => {
  await using server = await startListener({ serve: echo })
  const socket = await connectTcp(server.port)
  const round = async () => {
    const read = readBytes(socket, 2)
    socket.write('ok')
    return (await read).toString()
  }
  expect(await round()).toBe('ok')
  const { port } = server
  await server.listener.close()
  await server.listener.close()
  const refused = net.connect({ port, host: '127.0.0.1' })
  await expect(
    new Promise((resolve, reject) => refused.on('connect', resolve).on('error', reject)),
  ).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  await using again = await startListener({ port })
  expect(again.port).toBe(port)
  expect(await round()).toBe('ok')
  socket.destroy()
  await closed(socket)
})

test('connections are counted in, out and in bytes', async () => {
  await using server = await startListener({ serve: echo })
  const socket = await connectTcp(server.port)
  const read = readBytes(socket, 1_000)
  socket.write(Buffer.alloc(1_000))
  await read
  expect(
    ['net_connections', 'net_connections_opened', 'net_received_bytes', 'net_sent_bytes'].map(name =>
      server.counters.sum(name),
    ),
  ).toEqual([1, 1, 1_000, 1_000])
  socket.destroy()
  while (server.listener.connections > 0) await new Promise(next => setImmediate(next))
  expect(server.counters.sum('net_connections')).toBe(0)
  expect(server.network.connections).toBe(0)
})
