import { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { findRawBinding } from '../../../kernel/net/raw-handle.ts'
import { openRawSockets } from '../../../kernel/net/raw-probe.ts'
import { RawSocket } from '../../../kernel/net/raw-socket.ts'
import type { StreamConnection } from '../../../kernel/net/stream-connection.ts'
import { connectTcp, defaults, echo, readBytes, startListener } from './support.ts'

// What holds for Node's sockets holds without them.
defaults.rawHandles = true
await import('./connection.test.ts')
await import('./listener.test.ts')
await import('./proxy.test.ts')
await import('./tcp.test.ts')

/** What `work` sees of the binding of Node that raw handles need. */
async function withBinding<T>(binding: unknown, work: () => Promise<T>): Promise<T> {
  const spy = vi.spyOn(process as unknown as { binding(name: string): unknown }, 'binding')
  spy.mockImplementation(() => binding)
  try {
    return await work()
  } finally {
    spy.mockRestore()
  }
}

test('a listener with raw handles makes no sockets of Node', async () => {
  await using server = await startListener()
  const client = await connectTcp(server.port)
  const { socket } = (await server.accepted()) as StreamConnection
  expect(socket).toBeInstanceOf(RawSocket)
  client.destroy()
})

test.each(['tls', 'ws', 'wss'] as const)('transport %s has none', async transport => {
  await expect(startListener({ transport })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`transport "${transport}" has no raw handles`),
  })
})

test('where the binding is missing, a listener serves with ordinary sockets', async () => {
  await using server = await withBinding({}, () => startListener({ serve: echo }))
  const client = await connectTcp(server.port)
  const read = readBytes(client, 2)
  client.write('ok')
  expect((await read).toString()).toBe('ok')
  const [served] = server.network.served
  expect((served as StreamConnection).socket).toBeInstanceOf(Socket)
  client.destroy()
})

test.each([
  ['is missing', () => ({}), /"stream_wrap" is missing/],
  ['tells of writes otherwise', known => ({ ...known, kLastWriteWasAsync: known.kReadBytesOrError }), /a write/],
] as [string, (known: object & Record<string, unknown>) => unknown, RegExp][])(
  'a binding that %s is told in one warning, and not used',
  async (_what, changed, why) => {
    const warn = vi.fn()
    const logger = { debug() {}, info() {}, warn, error() {} }
    const known = findRawBinding() as unknown as object & Record<string, unknown>
    const sockets = await withBinding(changed(known), () => openRawSockets(Buffer.alloc(65_536), logger))
    expect(sockets).toBeUndefined()
    expect(warn).toHaveBeenCalledTimes(1)
    expect(String(warn.mock.calls[0]?.[0].error)).toMatch(why)
  },
)
