import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { workerCount } from '../../server/workers/worker-count.ts'
import { build } from '../support/build.ts'
import { testFolder } from './support/config.ts'
import { command, ServerProcess } from './support/robust-server.ts'
import { limitMs, startBroker, texts } from './support/workers.ts'

beforeAll(build)

function disconnected(client: MqttClient): Promise<number | undefined> {
  return new Promise(resolve => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)))
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

async function ended(pids: Iterable<number>): Promise<void> {
  for (const pid of pids) while (isRunning(pid)) await new Promise(resolve => setImmediate(resolve))
}

test(
  'clients of two workers have one broker: topics, retained, shared, exclusive, takeover',
  async () => {
    const broker = await startBroker()
    const one = await broker.connectTo(1)
    const two = await broker.connectTo(2)
    await one.publishAsync('kept', 'value', { qos: 1, retain: true })
    const retained = texts(two, 1)
    await two.subscribeAsync('kept', { qos: 1 })
    expect(await retained).toEqual(['value'])
    two.removeAllListeners('message')

    for (const client of [one, two]) await client.subscribeAsync('$share/g/work', { qos: 1 })
    const work = Array.from({ length: 20 }, (_, i) => String(i))
    const got: string[] = []
    const all = new Promise<void>(resolve => {
      for (const client of [one, two]) {
        client.on('message', (_, payload) => {
          got.push(String(payload))
          if (got.length === work.length) resolve()
        })
      }
    })
    for (const text of work) await one.publishAsync('work', text, { qos: 1 })
    await all
    expect(got.sort()).toEqual([...work].sort())

    expect((await one.subscribeAsync('$exclusive/only')).at(0)?.qos).toBe(0)
    await expect(two.subscribeAsync('$exclusive/only')).rejects.toThrow()

    const first = await broker.connectTo(1, { clientId: 'same' })
    const taken = disconnected(first)
    await broker.connectTo(2, { clientId: 'same' })
    expect(await taken).toBe(0x8e)
  },
  limitMs,
)

test(
  'a worker that is killed ends its clients, whose wills go out, and nobody else; it is started again',
  async () => {
    const broker = await startBroker()
    const watcher = await broker.connectTo(2)
    await watcher.subscribeAsync('will', { qos: 1 })
    const will = texts(watcher, 1)
    const doomed = await broker.connectTo(1, {
      will: { topic: 'will', payload: Buffer.from('dead'), qos: 1, retain: false },
    })
    const closed = new Promise<void>(resolve => doomed.once('close', () => resolve()))
    process.kill(broker.pid(1), 'SIGKILL')
    await closed
    expect(await will).toEqual(['dead'])
    expect(await broker.server.line('a worker is lost, and its clients with it; it is started again')).toMatchObject({
      worker: 1,
      signal: 'SIGKILL',
      level: 'error',
    })
    expect(await broker.served()).toBe(1)
    const again = await broker.connectTo(1)
    const message = texts(watcher, 1)
    await again.publishAsync('will', 'alive', { qos: 1 })
    expect(await message).toEqual(['alive'])
  },
  limitMs,
)

test(
  'when the owner is killed its workers say good-bye and end',
  async () => {
    const broker = await startBroker()
    const [one, two] = [await broker.connectTo(1), await broker.connectTo(2)]
    const told = Promise.all([disconnected(one), disconnected(two)])
    broker.server.kill('SIGKILL')
    expect(await told).toEqual([0x8b, 0x8b])
    await ended(broker.pids.values())
    const { stdout } = await broker.server.exited
    const lines = stdout.split('\n').filter(line => line.includes('the process that owns the broker is gone'))
    expect(lines.map(line => JSON.parse(line).worker).sort()).toEqual([1, 2])
  },
  limitMs,
)

test(
  'SIGTERM to all of them is one good-bye, and every process ends',
  async () => {
    const broker = await startBroker()
    const [one, two] = [await broker.connectTo(1), await broker.connectTo(2)]
    const told = Promise.all([disconnected(one), disconnected(two)])
    // As a service manager, or Ctrl-C in a terminal, does.
    for (const pid of broker.pids.values()) process.kill(pid, 'SIGTERM')
    broker.server.kill('SIGTERM')
    expect(await told).toEqual([0x8b, 0x8b])
    expect(await broker.server.exited).toMatchObject({ code: 0, stderr: '' })
    await ended(broker.pids.values())
  },
  limitMs,
)

test(
  'a reload reaches every worker, and those that start later',
  async () => {
    const cwd = testFolder()
    const configured = (effect: string) =>
      writeFileSync(
        join(cwd, 'robustmq.yaml'),
        `access: { anonymous: always, noMatch: ${effect}, rules: [{ effect: allow, filters: ["free"] }] }\nmqtt: { maxKeepAlive: ${effect === 'allow' ? '10s' : '20s'} }\n`,
      )
    configured('allow')
    const broker = await startBroker({}, cwd)
    const clients = [await broker.connectTo(1), await broker.connectTo(2)]
    const codeOf = async (client: MqttClient) =>
      await client.publishAsync('t', 'x', { qos: 1 }).then(
        () => 0,
        (error: { code: number }) => error.code,
      )
    for (const client of clients) expect(await codeOf(client)).toBe(0)
    configured('deny')
    broker.server.kill('SIGHUP')
    await broker.server.line('configuration reloaded')
    for (const client of clients) expect(await codeOf(client)).toBe(0x87)
    process.kill(broker.pid(1), 'SIGKILL')
    await broker.served()
    const later = await broker.connectTo(1, { keepalive: 60 })
    expect(await codeOf(later)).toBe(0x87)
    expect(broker.keepAlives.get(later)).toBe(20)
  },
  limitMs,
)

test(
  'a port that is taken is said before anything serves',
  async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as { port: number }
    const environment = { ROBUSTMQ__LISTENERS: JSON.stringify({ tcp: { host: '127.0.0.1', port } }) }
    const { code, stderr } = await new ServerProcess(['start', '--workers', '2'], { cwd: testFolder(), environment })
      .exited
    expect(code).toBe(1)
    expect(stderr).toContain(`listener "tcp" cannot listen on 127.0.0.1:${port}: the port is taken`)
  },
  limitMs,
)

test('how many: a number from 1 to 64, or auto, which leaves the owner a core', async () => {
  expect(['1', '2', '64', '0', '65', 'x', ''].map(text => workerCount(text))).toEqual([
    1,
    2,
    64,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect([1, 2, 8, 200].map(cores => workerCount('auto', cores))).toEqual([1, 1, 7, 64])
  expect(await command(['start', '--workers', 'many'], { cwd: testFolder() })).toMatchObject({ code: 2 })
})
