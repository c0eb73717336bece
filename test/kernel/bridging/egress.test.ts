import { expect, test } from 'vitest'
import { BridgeFailure, type BridgingOptions, type Kernel, Message, Rejected } from '../../../kernel/index.ts'
import { startBroker } from '../../support/broker.ts'
import { FarSide } from './far-side.ts'

/** One bridge of that name to the far side. */
function bridging(far: FarSide, given: object = {}): BridgingOptions {
  const bridge = { egress: 'in/#', to: { connection: 'c' }, retry: { backoff: '1ms..5ms' }, ...given }
  return { connections: { c: { plugin: far.plugin } }, bridges: { b: bridge } }
}

function publish(kernel: Kernel, topic: string, payload: string, guarantee: 0 | 1 = 1): number | Promise<number> {
  return kernel.space().publish(new Message({ topic, payload: Buffer.from(payload), guarantee }))
}

function viewOf(kernel: Kernel) {
  const view = kernel.bridges.get('b')
  if (!view) throw new Error('there is no bridge')
  return view
}

test('what matches is sent in order, whatever its guarantee, and nothing else', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far) } })
  for (let i = 0; i < 10; i++) await publish(broker.kernel, 'in/x', String(i), i % 2 === 0 ? 0 : 1)
  await publish(broker.kernel, 'out/x', 'not')
  await publish(broker.kernel, 'in/y', 'last')
  await far.until(11)
  expect(far.values).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'last'])
  expect(viewOf(broker.kernel)).toMatchObject({ state: 'running', sent: 11, direction: 'egress', type: 'far' })
})

test('a condition chooses, a template says where', async () => {
  const far = new FarSide()
  const options = bridging(far, {
    when: '${payload.temp} > 40',
    to: { connection: 'c', topic: 'telemetry.${topic[1]}', value: { t: '${payload.temp}' } },
  })
  await using broker = await startBroker({ kernel: { bridging: options } })
  await publish(broker.kernel, 'in/a', '{"temp":41}')
  await publish(broker.kernel, 'in/b', '{"temp":40}')
  await publish(broker.kernel, 'in/c', 'no JSON')
  await publish(broker.kernel, 'in/d', '{"temp":42}')
  await far.until(2)
  expect(far.items).toMatchObject([
    { topic: 'telemetry.a', value: '{"t":41}' },
    { topic: 'telemetry.d', value: '{"t":42}' },
  ])
  expect(viewOf(broker.kernel)).toMatchObject({ filtered: 2, deadLetters: 0 })
})

test('what was taken of a failed batch is not sent again, and what was not comes first', async () => {
  const far = new FarSide()
  let attempts = 0
  far.taking = () => {
    attempts++
    if (attempts === 1) throw new BridgeFailure('one of three', { taken: [1] })
  }
  const options = bridging(far, { delivery: { linger: 20 } })
  await using broker = await startBroker({ kernel: { bridging: options } })
  for (const payload of ['a', 'b', 'c']) publish(broker.kernel, 'in/x', payload)
  await far.until(3)
  expect(far.values).toEqual(['b', 'a', 'c'])
  expect(viewOf(broker.kernel)).toMatchObject({ sent: 3, retried: 2, state: 'running' })
})

test('poison becomes a dead letter with its reason, and the rest goes on', async () => {
  const far = new FarSide()
  far.taking = items => {
    const index = items.findIndex(({ value }) => value === 'poison')
    if (index !== -1) {
      throw new BridgeFailure('refused', { rejections: [{ index, why: new Rejected('TOO_LARGE', '5 of at most 4') }] })
    }
  }
  await using broker = await startBroker({ kernel: { bridging: bridging(far) } })
  for (const payload of ['a', 'poison', 'b']) publish(broker.kernel, 'in/x', payload)
  await far.until(2)
  expect(far.values).toEqual(['a', 'b'])
  const letters = broker.kernel.bridges.deadLetters('b')
  expect(await letters?.list()).toMatchObject([{ code: 'TOO_LARGE', reason: '5 of at most 4', topic: 'in/x' }])
  far.taking = () => {}
  expect(await letters?.retry()).toBe(1)
  await far.until(3)
  expect(far.values).toEqual(['a', 'b', 'poison'])
  expect(letters?.length).toBe(0)
})

test('a missing path is a dead letter; purging throws it away', async () => {
  const far = new FarSide()
  const options = bridging(far, { to: { connection: 'c', topic: '${payload.where}' } })
  await using broker = await startBroker({ kernel: { bridging: options } })
  await publish(broker.kernel, 'in/x', '{"other":1}')
  await publish(broker.kernel, 'in/x', '{"where":"here"}')
  await far.until(1)
  const letters = broker.kernel.bridges.deadLetters('b')
  expect(await letters?.list()).toMatchObject([{ code: 'PATH_MISSING', topic: 'in/x' }])
  expect(await letters?.purge()).toBe(1)
  expect(await letters?.list()).toEqual([])
})

test('so many attempts and no more, when that is asked for', async () => {
  const far = new FarSide()
  far.taking = items => {
    if (items.some(({ value }) => value === 'never')) throw new BridgeFailure('not now')
  }
  const options = bridging(far, { retry: { attempts: 3, backoff: '1ms..2ms' } })
  await using broker = await startBroker({ kernel: { bridging: options } })
  await publish(broker.kernel, 'in/x', 'never')
  const letters = broker.kernel.bridges.deadLetters('b')
  await expect.poll(() => letters?.length).toBe(1)
  expect(await letters?.list()).toMatchObject([
    { code: 'ATTEMPTS_EXHAUSTED', reason: 'not taken in 3 attempts: not now' },
  ])
})

test('how long the oldest message has been waiting is told in seconds', async () => {
  const far = new FarSide()
  const asked = new Promise<void>(resolve => {
    far.taking = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  await using broker = await startBroker({ kernel: { bridging: bridging(far) } })
  const publishedAt = Date.now() - 60_000
  await broker.kernel.space().publish(new Message({ topic: 'in/x', payload: Buffer.from('waits'), publishedAt }))
  await asked
  const age = [...broker.kernel.counters.all()].find(({ name }) => name === 'bridge_lag_age_seconds')
  expect(age?.labels).toEqual({ bridge: 'b' })
  expect(age?.value).toBeGreaterThanOrEqual(60)
  expect(age?.value).toBeLessThan(60_000)
})

test('paused it collects, also through a restart; resumed it sends all of it', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ storage: 'file', kernel: { bridging: bridging(far) } })
  expect(await broker.kernel.bridges.pause('b')).toBe(true)
  for (let i = 0; i < 5; i++) await publish(broker.kernel, 'in/x', String(i), i % 2 === 0 ? 0 : 1)
  await broker.restart()
  expect(viewOf(broker.kernel)).toMatchObject({ state: 'paused', lag: { messages: 5 } })
  await publish(broker.kernel, 'in/x', '5')
  expect(far.items).toEqual([])
  await broker.kernel.bridges.resume('b')
  await far.until(6)
  expect(far.values).toEqual(['0', '1', '2', '3', '4', '5'])
})

test('what waits for a paused bridge is told in messages, bytes and age, also when it is on disk alone', async () => {
  const far = new FarSide()
  const options = bridging(far)
  await using broker = await startBroker({
    storage: 'file',
    kernel: { bridging: options, limits: { spoolCacheBytes: 0 } },
  })
  await broker.kernel.bridges.pause('b')
  const publishedAt = Date.now() - 60_000
  for (const payload of ['first', 'other']) {
    const message = new Message({ topic: 'in/x', payload: Buffer.from(payload), guarantee: 1, publishedAt })
    await broker.kernel.space().publish(message)
  }
  const bytes = 2 * ('first'.length + 'in/x'.length + 64)
  expect(viewOf(broker.kernel)).toMatchObject({ state: 'paused', lag: { messages: 2, bytes } })
  await expect.poll(() => viewOf(broker.kernel).lag.ageMs).toBeGreaterThanOrEqual(60_000)
  await broker.restart()
  expect(viewOf(broker.kernel)).toMatchObject({ state: 'paused', lag: { messages: 2 } })
  expect(viewOf(broker.kernel).lag.bytes).toBeGreaterThan(2 * ('first'.length + 'in/x'.length))
  await expect.poll(() => viewOf(broker.kernel).lag.ageMs).toBeGreaterThanOrEqual(60_000)
  await broker.kernel.bridges.resume('b')
  await far.until(2)
  await expect.poll(() => viewOf(broker.kernel).lag).toEqual({ messages: 0, bytes: 0, ageMs: 0 })
})

test('what was being sent when a bridge was paused counts as waiting, with its bytes and its age', async () => {
  const far = new FarSide()
  const asked = new Promise<void>(resolve => {
    far.taking = () => {
      resolve()
      throw new BridgeFailure('not now')
    }
  })
  const options = bridging(far, { retry: { backoff: '10s..20s' } })
  await using broker = await startBroker({ kernel: { bridging: options } })
  const fields = { topic: 'in/x', payload: Buffer.from('waits'), publishedAt: Date.now() - 60_000 }
  await broker.kernel.space().publish(new Message(fields))
  await asked
  const bytes = 'waits'.length + 'in/x'.length + 64
  expect(viewOf(broker.kernel)).toMatchObject({ lag: { messages: 1, bytes } })
  await broker.kernel.bridges.pause('b')
  const { state, lag } = viewOf(broker.kernel)
  expect({ state, lag }).toMatchObject({ state: 'paused', lag: { messages: 1, bytes } })
  expect(lag.ageMs).toBeGreaterThanOrEqual(60_000)
})

test('a far side that needs mending degrades the bridge, raises an alarm with the finding, and loses nothing', async () => {
  const far = new FarSide()
  far.ladder = [{ name: 'login', ms: 1, ok: false, detail: 'wrong password', mend: 'correct sasl.password' }]
  far.taking = () => {
    throw new BridgeFailure('login refused', { wants: 'mend' })
  }
  await using broker = await startBroker({ kernel: { bridging: bridging(far) } })
  await publish(broker.kernel, 'in/x', 'kept')
  await expect.poll(() => viewOf(broker.kernel).detail).toBe('login: wrong password; correct sasl.password')
  expect(viewOf(broker.kernel).state).toBe('degraded')
  expect(broker.kernel.alarms.list()).toMatchObject([
    { name: 'bridge.b', message: expect.stringContaining('wrong password') },
  ])
  far.taking = () => {}
  await far.until(1)
  await expect.poll(() => viewOf(broker.kernel).state).toBe('running')
  expect(broker.kernel.alarms.list()).toEqual([])
})

test('a message that went through this bridge before is not sent again [hostile 52]', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far) } })
  await publish(broker.kernel, 'in/x', 'once')
  await far.until(1)
  const via = far.items[0]?.via ?? ''
  const headers = [['robustmq-via', `elsewhere/z, ${via}`]] as const
  broker.kernel.space().publish(new Message({ topic: 'in/x', payload: Buffer.from('again'), guarantee: 1, headers }))
  await publish(broker.kernel, 'in/x', 'fresh')
  await far.until(2)
  expect(far.values).toEqual(['once', 'fresh'])
  expect(viewOf(broker.kernel).looped).toBe(1)
})

test('full, it drops the oldest and counts them; or has publishers refused', async () => {
  const far = new FarSide()
  const buffer = { maxMessages: 3 }
  await using broker = await startBroker({ kernel: { bridging: bridging(far, { buffer }) } })
  await broker.kernel.bridges.pause('b')
  for (let i = 0; i < 5; i++) await publish(broker.kernel, 'in/x', String(i))
  expect(viewOf(broker.kernel)).toMatchObject({ dropped: 2, lag: { messages: 3 } })
  await broker.kernel.reloadBridges(bridging(far, { buffer: { ...buffer, onFull: 'block' } }))
  expect(() => publish(broker.kernel, 'in/x', 'one too many')).toThrow(
    expect.objectContaining({ code: 'LIMIT_REACHED' }),
  )
  await publish(broker.kernel, 'elsewhere', 'not concerned')
  await broker.kernel.bridges.resume('b')
  await far.until(3)
  expect(far.values).toEqual(['2', '3', '4'])
})

test('older messages than wanted are dropped instead of sent', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far, { buffer: { maxAge: '1h' } }) } })
  const old = { topic: 'in/x', payload: Buffer.from('old'), guarantee: 1, publishedAt: Date.now() - 3_700_000 } as const
  broker.kernel.space().publish(new Message(old))
  await publish(broker.kernel, 'in/x', 'new')
  await far.until(1)
  expect(far.values).toEqual(['new'])
  expect(viewOf(broker.kernel).dropped).toBe(1)
})

test('a bridge that is no longer configured ends, and a new one begins, while others go on', async () => {
  const far = new FarSide()
  await using broker = await startBroker({ kernel: { bridging: bridging(far) } })
  const other = new FarSide()
  await broker.kernel.reloadBridges({
    connections: { c: { plugin: other.plugin } },
    bridges: { n: { egress: ['in/#'], to: { connection: 'c' } } },
  })
  expect(broker.kernel.bridges.list().map(({ name }) => name)).toEqual(['n'])
  await publish(broker.kernel, 'in/x', 'for the new one')
  await other.until(1)
  expect(far.items).toEqual([])
  expect([far.opened, far.closed]).toEqual([1, 1])
})

test('a restart sends what was not acknowledged, under the same id', async () => {
  const far = new FarSide()
  const ids: string[][] = []
  far.taking = items => {
    ids.push(items.map(({ id }) => id))
    throw new BridgeFailure('not yet')
  }
  await using broker = await startBroker({ storage: 'file', kernel: { bridging: bridging(far) } })
  await publish(broker.kernel, 'in/x', 'a')
  await far.when(() => ids.length > 0)
  await broker.restart()
  far.taking = () => {}
  await far.until(1)
  expect(far.items).toMatchObject([{ value: 'a', id: ids[0]?.[0] }])
})
