import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mqtt from 'mqtt'
import { build as bundle } from 'rolldown'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { testFolder } from '../server/support/config.ts'
import { command, portOf, ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { LineClient } from './support/line-client.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

beforeAll(build)

const guide = readFileSync(join(root, 'docs/guides/protocol-plugin.md'), 'utf8')
/** The one of the guide, on free ports. */
const configuration = (/^```yaml\n([\s\S]*?)^```$/m.exec(guide)?.[1] ?? '').replaceAll(/port: \d+/g, 'port: 0')

/** A folder as its author would have it: the plugin as JavaScript, and `robustmq` installed beside it. */
async function house(): Promise<string> {
  const folder = testFolder({ 'robustmq.yaml': configuration })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/robustmq'))
  await bundle({
    input: join(root, 'examples/line-protocol/index.ts'),
    output: { file: join(folder, 'line.js') },
    plugins: [
      {
        name: 'as-a-package-of-its-own',
        resolveId: id => (id.endsWith('kernel/plugin.ts') ? { id: 'robustmq/plugin', external: true } : null),
      },
    ],
  })
  return folder
}

test('robust-server serves the line protocol by its configuration, beside MQTT, and messages cross', async () => {
  const cwd = await house()
  const server = new ServerProcess(['start'], { cwd })
  const ready = await server.line('ready')
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf(ready, 'tcp')}`)
  onTestFinished(() => void client.end(true))
  await using alice = await LineClient.hello(portOf(ready, 'line'), 'alice')

  await alice.ask('SUB room/#')
  await client.publishAsync('room/1', 'good morning', { qos: 1 })
  expect(await alice.next()).toBe('MSG room/1 good morning')

  await client.subscribeAsync('room/2')
  const came = new Promise(resolve => client.once('message', (topic, payload) => resolve(`${topic} ${payload}`)))
  await alice.ask('PUB room/2 good evening')
  expect(await came).toBe('room/2 good evening')

  server.kill('SIGTERM')
  expect(await server.exited).toMatchObject({ code: 0, stderr: '' })
})

test('the plugin knows the server’s errors, and has the options of the configuration', async () => {
  const server = new ServerProcess(['start'], { cwd: await house() })
  await using alice = await LineClient.hello(portOf(await server.line('ready'), 'line'), 'alice')
  alice.send('SUB a/#/b')
  expect(await alice.next()).toMatch(/^ERR FILTER_INVALID /)
  alice.send('x'.repeat(4_097))
  await alice.closed()
})

test('SIGHUP reads the configuration of a plugin anew', async () => {
  const cwd = await house()
  const server = new ServerProcess(['start'], { cwd })
  await server.line('ready')
  writeFileSync(join(cwd, 'robustmq.yaml'), configuration.replace('4KB', '5KB'))
  server.kill('SIGHUP')
  expect(await server.line('changed, but only a restart applies it')).toMatchObject({
    key: 'protocols.line.maxLineBytes',
  })
})

test('config check, show and schema know the plugin', async () => {
  const cwd = await house()
  expect(await command(['config', 'check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  expect((await command(['config', 'show'], { cwd })).stdout).toMatch(
    /protocols\.line\.maxLineBytes +4KB .*# robustmq.yaml:6:25/,
  )
  expect((await command(['config', 'schema'], { cwd })).stdout).toContain('A longer line closes the connection.')
})

test('a plugin in TypeScript runs where Node runs TypeScript, and is refused with the mend elsewhere', async () => {
  const cwd = testFolder({
    'robustmq.yaml': 'plugins: [./a.ts]',
    'a.ts': `export const a = { kind: 'auth', name: 'a' as string, api: 1, options: {}, open: async () => ({}) }`,
  })
  const { code, stderr } = await command(['config', 'check'], { cwd })
  const runs = 'typescript' in process.features && process.features.typescript !== false
  expect([code, /build it and name the .js file/.test(stderr)]).toEqual(runs ? [0, false] : [1, true])
})
