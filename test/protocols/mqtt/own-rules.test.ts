import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AuthPlugin, Identity, Rule } from '../../../kernel/plugin.ts'
import { file } from '../../../storage-plugins/file/index.ts'
import { cut } from '../../conformance/mqtt/cut.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, messages } from './client.ts'

/** What a token would say of each. */
const people: Readonly<Record<string, Partial<Identity>>> = {
  watcher: { superuser: true },
  trusted: { superuser: true },
  sensor: { rules: [{ effect: 'allow', action: 'publish', filters: ['sensors/%c/#'] }] },
  narrow: { rules: [{ effect: 'deny', filters: ['open/secret'] }] },
}

const tokens: AuthPlugin<unknown> = {
  kind: 'auth',
  name: 'tokens',
  api: 1,
  options: {},
  open: async () => ({
    authenticate: async ({ user = '' }) => ({ user, ...people[user] }),
    close: async () => {},
  }),
}

/** All that is configured: everybody may use `open/#`. */
const rules: readonly Rule[] = [{ effect: 'allow', filters: ['open/#'] }]
const access = { authenticators: [{ plugin: tokens }], rules }

const as = (username: string) => ({ username, password: 'hunter2', clientId: username })
const topics = ['sensors/sensor/a', 'sensors/other/a', 'open/a', 'open/secret']

/** What comes after a restart, this many messages and no more. */
async function afterRestart(broker: TestBroker, advanceMs: number, count: number): Promise<string[]> {
  await broker.restart()
  await using watcher = await client(broker, as('watcher'))
  await watcher.subscribe('#')
  await broker.clock.advance(advanceMs)
  await watcher.collect(count)
  await watcher.nothing()
  return messages(watcher).map(([topic, text]) => `${text} to ${topic}`)
}

test('a delayed message is judged by its publisher’s own rules, also after a restart', async () => {
  await using broker = await startBroker({ time: 'manual', storage: 'file', kernel: { access } })
  for (const name of ['sensor', 'narrow', 'trusted', 'nobody']) {
    const publisher = await client(broker, as(name))
    for (const topic of topics) await publisher.publish(`$delayed/10/${topic}`, name, { qos: 1 })
    await publisher.end()
  }
  expect((await afterRestart(broker, 10_000, 10)).sort()).toEqual([
    'narrow to open/a',
    'nobody to open/a',
    'nobody to open/secret',
    'sensor to open/a',
    'sensor to open/secret',
    'sensor to sensors/sensor/a',
    ...topics.map(topic => `trusted to ${topic}`).sort(),
  ])
})

test.each([
  ['sensor', 'sensors/sensor/a', ['sensor to sensors/sensor/a']],
  ['trusted', 'sensors/other/a', ['trusted to sensors/other/a']],
])('the will of %s is judged by its own rules, also after a restart', async (name, topic, expected) => {
  await using broker = await startBroker({ time: 'manual', storage: 'file', kernel: { access } })
  const will = { topic, payload: Buffer.from(name), qos: 1 as const, properties: { willDelayInterval: 60 } }
  const doomed = await client(broker, { ...as(name), will, properties: { sessionExpiryInterval: 600 } })
  await cut(broker, doomed)
  expect(await afterRestart(broker, 60_000, 1)).toEqual(expected)
})

test('rules are kept, passwords are not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'own-rules-'))
  try {
    const storage = { plugin: file, options: { directory } }
    await using broker = await startBroker({ time: 'manual', kernel: { access, storage } })
    const sensor = await client(broker, { ...as('sensor'), properties: { sessionExpiryInterval: 600 } })
    await sensor.publish('$delayed/10/sensors/sensor/a', 'x', { qos: 1 })
    await broker.kernel.close()
    const names = await readdir(directory, { recursive: true, withFileTypes: true })
    const files = names.filter(entry => entry.isFile())
    const texts = await Promise.all(files.map(entry => readFile(join(entry.parentPath, entry.name), 'latin1')))
    expect(texts.filter(text => text.includes('sensors/%c/#')).length).toBeGreaterThan(1)
    expect(texts.filter(text => text.includes('hunter2'))).toEqual([])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
