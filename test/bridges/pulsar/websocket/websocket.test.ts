import { expect, test } from 'vitest'
import type { Rung } from '../../../../kernel/plugin.ts'
import { PythonClient } from '../../../support/services/pulsar/python-client.ts'
import { describePulsar } from '../../../support/services/pulsar/start-pulsar.ts'
import { forever } from '../support/client-host.ts'
import { openPulsar, readRecords, scopeOf } from '../support/open-pulsar.ts'

describePulsar("Pulsar's WebSocket API, with TLS and authorization", { secure: true }, server => {
  const options = () => {
    const { webSocketUrlTls: url, token, ca } = server().secrets
    return { url, token, tls: { ca } }
  }
  const python = () => {
    const { serviceUrlTls: url, token, ca } = server().secrets
    return PythonClient.start({ url, token, ca })
  }
  const payloads = [...Array(1500).keys()].map(n => Buffer.from(`message ${n}`))

  test('takes messages as they are, in order of each key', async () => {
    const topic = await server().topic(2)
    await using reader = await python()
    await reader.subscribe(topic, 'reader')
    await using bridge = await openPulsar(options())
    const sink = bridge.egress(
      { topic, key: '${payload.key?}', headers: { source: '${topic}' } },
      { compression: 'lz4' },
    )
    await sink.send(
      payloads.map(payload => sink.prepare(scopeOf({ payload, json: () => ({ key: `k${payload.at(-1)! % 3}` }) }))),
      forever,
    )
    const got = await reader.receive('reader', payloads.length)
    expect(got.length).toBe(payloads.length)
    expect(got[0]).toMatchObject({
      headers: { source: 'a/b', 'robustmq-via': 'node-1/test' },
      eventTime: 1_700_000_000_000,
    })
    for (const key of ['k0', 'k1', 'k2']) {
      const ofKey = got.filter(one => one.key === key).map(({ value }) => Number(`${value}`.slice(8)))
      expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b))
      expect(ofKey.length).toBeGreaterThan(100)
    }
    await sink.close()
  })

  test('gives messages until told that they are stored, and those after them later', async () => {
    const topic = await server().topic()
    await using writer = await python()
    await using bridge = await openPulsar(options())
    const source = bridge.ingress({ topic, subscription: 's', from: 'earliest' })
    const messages = payloads.map(value => ({ value, key: 'k', headers: { h: 'v' }, eventTime: 7 }))
    await writer.produce(topic, messages.slice(0, 1000))
    const first = await readRecords(source, 1000)
    await writer.produce(topic, messages.slice(1000))
    const second = await readRecords(source, 500)
    expect([...first, ...second].map(({ value }) => Buffer.from(value))).toEqual(payloads)
    expect(first[0]).toMatchObject({ key: 'k', headers: [['h', 'v']], timestamp: 7 })
  })

  test('a message that is too large for it is rejected, and those around it arrive', async () => {
    const topic = await server().topic()
    await using reader = await python()
    await reader.subscribe(topic, 'reader')
    await using bridge = await openPulsar(options())
    const sink = bridge.egress({ topic })
    const items = [Buffer.from('a'), Buffer.alloc(3_000_000), Buffer.from('b')].map(payload =>
      sink.prepare(scopeOf({ payload })),
    )
    const failure = await sink.send(items, forever).catch(error => error)
    expect(failure).toMatchObject({ rejections: [{ index: 1, why: { code: 'TOO_LARGE' } }], taken: [0, 2] })
    expect((await reader.receive('reader', 2)).map(({ value }) => `${value}`)).toEqual(['a', 'b'])
  })

  test.each([
    ['a forged token', { token: 'x.y.z' }, 'mend', /AuthenticationError/],
    ['an authority that is not trusted', { tls: {} }, 'mend', /TLS failed/],
  ])('%s wants to be mended', async (_, more, wants, message) => {
    await using bridge = await openPulsar({ ...options(), ...more })
    const topic = await server().topic()
    await expect(readRecords(bridge.ingress({ topic, subscription: 's' }), 1)).rejects.toMatchObject({
      wants,
      message: expect.stringMatching(message),
    })
    const sink = bridge.egress({ topic })
    await expect(sink.send([sink.prepare(scopeOf({}))], forever)).rejects.toMatchObject({ wants, rejections: [] })
  })

  test('the ladder goes up to the topic', async () => {
    await using bridge = await openPulsar(options())
    const from = {
      topic: await server().topic(),
      subscription: 's',
      type: 'failover',
      from: 'latest',
      queue: 1,
      queueBytes: 1024,
    } as const
    const rungs: Rung[] = []
    for await (const rung of bridge.connection.test({ from }, forever)) rungs.push(rung)
    expect(rungs.map(({ name, ok }) => [name, ok])).toEqual(['TCP', 'TLS', 'topic'].map(name => [name, true]))
  })
})

test('what the API cannot do is refused before anybody is asked', async () => {
  await expect(openPulsar({ url: 'ws://u@x' })).rejects.toThrow('is no address')
  await expect(openPulsar({ url: 'ws://x', tls: {} })).rejects.toThrow('Mend: write wss://')
  await using bridge = await openPulsar({ url: 'ws://127.0.0.1:1' })
  expect(() => bridge.egress({ topic: 't' }, { partition: '${payload.p}' })).toThrow(
    'cannot be chosen over the WebSocket API',
  )
  expect(() => bridge.egress({ topic: 't' }, { batches: 'by-key' })).toThrow('cannot be chosen')
  expect(() => bridge.egress({ topic: 't', orderingKey: '${key}' })).toThrow('cannot be chosen')
})
