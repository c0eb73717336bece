import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ExactPublisher, ExactSubscriber } from '../faults/exact-clients.ts'
import { build } from '../support/build.ts'
import { type Wire, wire } from '../support/wire.ts'
import { testFolder } from './support/config.ts'
import { command, freePorts, portOf, ServerProcess } from './support/robust-server.ts'

beforeAll(build)

async function session(port: number, clientId: string): Promise<Wire> {
  const client = await wire(port)
  await client.connect({ clientId, clean: false, properties: { sessionExpiryInterval: 0xffff_ffff } })
  return client
}

test('a snapshot of a server under load holds what was acknowledged before it began, and a server starts on it', async () => {
  const cwd = testFolder()
  const server = new ServerProcess(['start'], { cwd, environment: freePorts })
  const port = portOf(await server.line('ready'), 'tcp')
  const reader = await session(port, 'reader')
  await reader.subscribe('load/#', { qos: 2 })
  await reader.drop()
  const writer = await session(port, 'writer')
  const publisher = new ExactPublisher()
  publisher.attach(writer)
  let serial = 0
  const publish = () => {
    serial++
    publisher.publish('load/t', `${serial}`, serial % 2 === 0 ? 1 : 2)
  }
  const acknowledged = (count: number) =>
    new Promise<void>(resolve => {
      publisher.onAcknowledged = () => {
        if (publisher.acknowledged.size >= count) resolve()
        publish()
      }
      while (publisher.open < 50) publish()
    })
  await acknowledged(500)
  const before = [...publisher.acknowledged]
  const { code, stdout } = await command(['data', 'snapshot', 'backup'], { cwd })
  expect(stdout).toMatch(/copied to .*backup: \d+ files, \d+ bytes; read back: \d+ whole records, no damage\n$/)
  expect(code).toBe(0)
  await acknowledged(publisher.acknowledged.size + 100)
  publisher.onAcknowledged = () => {}
  await writer.drop()
  expect(readdirSync(path.join(cwd, 'data')).filter(name => name.startsWith('snapshot-'))).toEqual([])
  server.kill('SIGTERM')
  expect((await server.exited).code).toBe(0)

  const restored = await command(['data', 'restore', 'backup', '--data', 'restored'], { cwd })
  expect(restored, restored.stderr).toMatchObject({ code: 0 })
  const again = new ServerProcess(['start', '--data', 'restored'], { cwd, environment: freePorts })
  const subscriber = new ExactSubscriber()
  const returned = await session(portOf(await again.line('ready'), 'tcp'), 'reader')
  subscriber.attach(returned)
  const last = before.at(-1) as string
  await subscriber.had(last)
  const taken = new Set(subscriber.taken.map(({ text }) => text))
  expect(before.filter(text => !taken.has(text) && Number(text) <= Number(last))).toEqual([])
  expect(subscriber.taken.length).toBe(taken.size)
  await returned.drop()
  again.kill('SIGTERM')
  await again.exited
})

test('a snapshot is refused where there is something already, and so is a restore', async () => {
  const cwd = testFolder({ 'full/file': '' })
  const server = new ServerProcess(['start'], { cwd, environment: freePorts })
  await server.line('ready')
  const refused = await command(['data', 'snapshot', 'full'], { cwd })
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('full is not empty; name a directory that is'),
  })
  const running = await command(['data', 'restore', 'data', '--data', 'other'], { cwd })
  expect(running).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('take one with "robust-server data snapshot"'),
  })
  expect(existsSync(path.join(cwd, 'other'))).toBe(false)
  server.kill('SIGTERM')
  await server.exited
  const stopped = await command(['data', 'snapshot', 'backup'], { cwd })
  expect(stopped).toMatchObject({ code: 0, stdout: expect.stringContaining('no damage') })
  const target = await command(['data', 'restore', 'backup', '--data', 'full'], { cwd })
  expect(target).toMatchObject({ code: 1, stderr: expect.stringContaining('full is not empty') })
})

test('a compaction tells the bytes before and after, and is refused while a server runs', async () => {
  const cwd = testFolder()
  const server = new ServerProcess(['start'], { cwd, environment: freePorts })
  const reader = await session(portOf(await server.line('ready'), 'tcp'), 'reader')
  for (let n = 0; n < 20; n++) await reader.publish('r', `${n}`, { qos: 1, retain: true })
  await reader.drop()
  const running = await command(['data', 'compact'], { cwd })
  expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining('is held by process') })
  server.kill('SIGTERM')
  await server.exited
  const { code, stdout } = await command(['data', 'compact'], { cwd })
  const [, before, after] = /: (\d+) bytes before, (\d+) bytes after\n$/.exec(stdout) ?? []
  expect(Number(after)).toBeLessThan(Number(before))
  expect(code).toBe(0)
})
