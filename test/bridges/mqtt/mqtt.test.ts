import { expect, test } from 'vitest'
import { mqttBridge } from '../../../bridges/mqtt/index.ts'
import { type BridgingOptions, type Kernel, Message, type Rung } from '../../../kernel/index.ts'
import { startBroker } from '../../support/broker.ts'

interface Given {
  readonly connection?: object
  readonly out?: object
  readonly in?: object
}

/** Bridges to the broker at that port. */
function bridging(port: number, { connection, ...given }: Given): BridgingOptions {
  const retry = { backoff: '5ms..50ms' }
  return {
    connections: { other: { plugin: mqttBridge, options: { url: `mqtt://127.0.0.1:${port}`, ...connection } } },
    bridges: {
      ...(given.out && { out: { egress: 'a/#', retry, ...given.out } }),
      ...(given.in && { in: { retry, ...given.in } }),
    },
  }
}

function publish(kernel: Kernel, topic: string, payload: string, fields: object = {}): void {
  void kernel.space().publish(new Message({ topic, payload: Buffer.from(payload), guarantee: 1, ...fields }))
}

async function watch(kernel: Kernel, filter: string): Promise<Message[]> {
  const received: Message[] = []
  const session = await kernel.space().session(`watch ${filter}`, { clean: true, expiresAfterMs: 0, taken: () => {} })
  const consumer = session.consume(
    {
      deliver: (message, _via, delivery) => {
        received.push(message.keep())
        if (delivery) consumer.settle(delivery, 'accept')
      },
    },
    1_000,
  )
  await session.bind([{ filter, options: { guarantee: 1 } }], () => {})
  return received
}

const texts = (messages: readonly Message[]) => messages.map(({ topic, payload }) => `${topic} ${Buffer.from(payload)}`)

test.each(['5', '3.1.1'])('out by MQTT %s: in order, under a prefix', async version => {
  await using there = await startBroker()
  const received = await watch(there.kernel, 'site/#')
  const out = { to: { connection: 'other', topic: 'site/${topic[1..]}' } }
  await using here = await startBroker({ kernel: { bridging: bridging(there.port, { connection: { version }, out }) } })
  const expected: string[] = []
  for (let i = 0; i < 50; i++) {
    publish(here.kernel, 'a/t', String(i))
    expected.push(`site/t ${i}`)
  }
  await expect.poll(() => texts(received)).toEqual(expected)
})

test('properties, user properties and the retain flag go along', async () => {
  await using there = await startBroker()
  const received = await watch(there.kernel, 'a/#')
  const out = { to: { connection: 'other' } }
  await using here = await startBroker({ kernel: { bridging: bridging(there.port, { out }) } })
  const headers = [
    ['x', '1'],
    ['x', '2'],
    ['y', '3'],
  ] as const
  const properties = { contentType: 'text/plain', replyTo: 'answers', correlationId: Buffer.from('c'), retain: true }
  publish(here.kernel, 'a/t', 'v', { headers, ...properties })
  await expect.poll(() => received).toMatchObject([{ contentType: 'text/plain', replyTo: 'answers' }])
  const retained = () => [...there.kernel.counters.all()].find(({ name }) => name === 'retained_messages')?.value
  expect(retained()).toBeGreaterThan(0)
  expect(received[0]?.headers).toEqual([...headers, ['robustmq-via', expect.stringMatching(/^robustmq\/out#/)]])
})

test.each(['5', '3.1.1'])('in by MQTT %s: what is stored here is acknowledged there', async version => {
  await using there = await startBroker()
  const from = { ingress: { connection: 'other', topics: ['cmd/#'] }, publish: { topic: 'there/${topic}' } }
  const options = bridging(there.port, { connection: { version }, in: from })
  await using here = await startBroker({ storage: 'file', kernel: { bridging: options } })
  const received = await watch(here.kernel, 'there/#')
  await expect.poll(() => here.kernel.bridges.get('in')?.state).toBe('running')
  for (let i = 0; i < 50; i++) publish(there.kernel, 'cmd/x', String(i))
  await expect.poll(() => texts(received)).toEqual(Array.from({ length: 50 }, (_, i) => `there/cmd/x ${i}`))
  const unsettled = () => [...there.kernel.counters.all()].find(({ name }) => name === 'unsettled_messages')?.value
  await expect.poll(unsettled).toBe(0)
})

test('what comes while the bridge is away waits in its session over there', async () => {
  await using there = await startBroker()
  const from = { ingress: { connection: 'other', topics: ['cmd/#'] }, publish: { topic: '${topic}' } }
  await using here = await startBroker({ kernel: { bridging: bridging(there.port, { in: from }) } })
  const received = await watch(here.kernel, 'cmd/#')
  await expect.poll(() => here.kernel.bridges.get('in')?.state).toBe('running')
  await here.kernel.bridges.pause('in')
  publish(there.kernel, 'cmd/x', 'waited')
  await here.kernel.bridges.resume('in')
  await expect.poll(() => texts(received)).toEqual(['cmd/x waited'])
})

test('both ways over the same topics, no message goes round', async () => {
  await using there = await startBroker()
  const out = { to: { connection: 'other' } }
  const from = { ingress: { connection: 'other', topics: ['a/#'] }, publish: { topic: '${topic}' } }
  await using here = await startBroker({ kernel: { bridging: bridging(there.port, { out, in: from }) } })
  const [mine, theirs] = [await watch(here.kernel, 'a/#'), await watch(there.kernel, 'a/#')]
  await expect.poll(() => here.kernel.bridges.get('in')?.state).toBe('running')
  publish(there.kernel, 'a/2', 'theirs')
  await expect.poll(() => texts(mine)).toEqual(['a/2 theirs'])
  publish(here.kernel, 'a/1', 'mine')
  // Comes in once more, and that is where it ends.
  await expect.poll(() => here.kernel.bridges.get('out')?.looped).toBe(1)
  expect(texts(theirs).sort()).toEqual(['a/1 mine', 'a/2 theirs', 'a/2 theirs'])
  expect(here.kernel.bridges.get('in')).toMatchObject({ looped: 1 })
})

test('a topic that may not be published to there is a dead letter; wrong credentials are for somebody to mend', async () => {
  const access = { anonymous: 'always', rules: [{ effect: 'allow', filters: ['a/ok'] }, { effect: 'deny' }] } as const
  await using there = await startBroker({ kernel: { access } })
  const received = await watch(there.kernel, 'a/#')
  const out = { to: { connection: 'other' } }
  await using here = await startBroker({ kernel: { bridging: bridging(there.port, { out }) } })
  publish(here.kernel, 'a/no', '1')
  publish(here.kernel, 'a/ok', '2')
  await expect.poll(() => texts(received)).toEqual(['a/ok 2'])
  await expect.poll(() => here.kernel.bridges.get('out')?.deadLetters).toBe(1)
  expect(await here.kernel.bridges.deadLetters('out')?.list()).toMatchObject([
    { code: 'NOT_AUTHORIZED', topic: 'a/no' },
  ])
  await there.kernel.reloadAccess({ anonymous: 'never' })
  await here.kernel.reloadBridges(bridging(there.port, { out: { ...out, delivery: { linger: 1 } } }))
  publish(here.kernel, 'a/ok', '3')
  await expect.poll(() => here.kernel.bridges.get('out')?.detail).toMatch(/^login: .*; correct username/)
  expect(here.kernel.bridges.get('out')).toMatchObject({ state: 'degraded', lag: { messages: 1 } })
})

test('the ladder ends at the topic for which there is no right', async () => {
  const access = { anonymous: 'always', rules: [{ effect: 'deny', filters: ['secret/#'] }], noMatch: 'allow' } as const
  await using there = await startBroker({ kernel: { access } })
  const from = { ingress: { connection: 'other', topics: ['secret/#'] }, publish: { topic: '${topic}' } }
  await using here = await startBroker({ kernel: { bridging: bridging(there.port, { in: from }) } })
  const rungs: Rung[] = []
  for await (const rung of here.kernel.bridges.test('in') ?? []) rungs.push(rung)
  expect(rungs).toMatchObject([
    { name: 'TCP', ok: true },
    { name: 'login', ok: true },
    { name: 'topic', ok: false, mend: expect.stringContaining('allow the user to subscribe') },
  ])
})
