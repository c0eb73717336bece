import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { numbers } from '../../../server/http/metrics/numbers.ts'
import { Api } from './api.ts'

/** A far side that answers every post with a status, and an API with a bridge to it. */
async function bridged(status: () => number): Promise<Api> {
  const far = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status()).end())
  })
  far.listen(0, '127.0.0.1')
  await once(far, 'listening')
  onTestFinished(() => void far.close())
  const { port } = far.address() as AddressInfo
  return Api.start({
    configuration: `
connections:
  far: { type: http, url: "http://127.0.0.1:${port}/" }
bridges:
  out:
    egress: out/#
    to: { connection: far }
`,
  })
}

/** Asks until the answer is as wanted: what a bridge does is not done when a publish is answered. */
async function until(api: Api, wanted: (bridge: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  for (;;) {
    const { data } = await api.get('/bridges/out')
    if (wanted(data)) return data
  }
}

test('a bridge is listed, tested, paused and resumed', async () => {
  const api = await bridged(() => 204)
  expect((await api.get('/bridges')).data).toMatchObject([
    { name: 'out', direction: 'egress', type: 'http', connection: 'far' },
  ])
  // Its queue is no client's.
  for (const list of ['/sessions', '/clients', '/subscriptions']) expect((await api.get(list)).data).toEqual([])
  const { data: rungs } = (await api.call('POST', '/bridges/out/test')).body
  expect(rungs.map(({ ok }: { ok: boolean }) => ok)).not.toContain(false)
  expect((await api.call('POST', '/bridges/out/pause')).body.data.state).toBe('paused')
  await api.call('POST', '/publish', { body: { topic: 'out/a', payload: 'x', qos: 1 } })
  expect(await until(api, ({ lag }) => (lag as { messages: number }).messages === 1)).toMatchObject({ sent: 0 })
  expect((await api.call('POST', '/bridges/out/resume')).status).toBe(200)
  await until(api, ({ sent }) => sent === 1)
  const unexplained = [...api.server.kernel.counters.all()].filter(({ name }) => !(name in numbers))
  expect(unexplained.map(({ name }) => name)).toEqual([])
  expect((await api.call('GET', '/bridges/none')).status).toBe(404)
  expect((await api.call('POST', '/bridges/none/pause')).status).toBe(404)
})

test('what a far side refuses is listed, sent again, and thrown away', async () => {
  let status = 400
  const api = await bridged(() => status)
  for (const payload of ['one', 'two'])
    await api.call('POST', '/publish', { body: { topic: 'out/a', payload, qos: 1 } })
  await until(api, ({ deadLetters }) => deadLetters === 2)
  const { data, meta } = await api.get('/bridges/out/dead-letters?limit=1')
  expect([data, meta]).toMatchObject([[{ topic: 'out/a', payloadBytes: 3 }], { next: '1', count: 2 }])
  status = 204
  const retried = await api.call('POST', '/bridges/out/dead-letters/retry', { body: { ids: [data[0].id] } })
  expect(retried.body.data).toEqual({ messages: 1 })
  await until(api, ({ sent }) => sent === 1)
  expect((await api.call('POST', '/bridges/out/dead-letters/purge', { body: {} })).body.data).toEqual({ messages: 1 })
  expect((await api.get('/bridges/out/dead-letters')).meta.count).toBe(0)
})
