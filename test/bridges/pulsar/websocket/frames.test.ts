import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { forever } from '../support/client-host.ts'
import { openPulsar, scopeOf } from '../support/open-pulsar.ts'

test('what is too large for a server that takes less than was said is rejected, and those around it are not', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 300_000 })
  await once(server, 'listening')
  server.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', data => {
      const { context } = JSON.parse(String(data))
      socket.send(JSON.stringify({ result: 'ok', context }))
    })
  })
  await using bridge = await openPulsar({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const sink = bridge.egress({ topic: 't' })
  const items = [Buffer.from('a'), Buffer.alloc(400_000), Buffer.from('b')].map(payload =>
    sink.prepare(scopeOf({ payload })),
  )
  const failure = await sink.send(items, forever).catch(error => error)
  expect(failure.rejections).toMatchObject([{ index: 1, why: { code: 'TOO_LARGE' } }])
  // Those that were under way with it are owed again.
  await sink.send(
    items.filter((_, index) => index !== 1 && !failure.taken.includes(index)),
    forever,
  )
  await sink.close()
  await new Promise(resolve => server.close(resolve))
})
