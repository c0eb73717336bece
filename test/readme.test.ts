import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { catalogue } from '../server/catalogue.ts'
import { ConfigError, loadConfig } from '../server/config/index.ts'
import { Ctl } from './cli/robust-ctl.ts'
import { commandsOf, snippetWith } from './docs/snippets.ts'
import { missingTool } from './interop/toolchain.ts'
import { testFolder } from './server/support/config.ts'
import { command, freePorts, portOf, ServerProcess, temporaryIn } from './server/support/robust-server.ts'
import { build } from './support/build.ts'
import { testWith } from './support/skipping.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

function snippet(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(readme)?.[1]
  if (found === undefined) throw new Error(`the README has no ${language} snippet`)
  return found
}

test('the configuration in the README is correct but for the certificates it names', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'robustmq.yaml'), snippet('yaml'))
  const refusal = await loadConfig({ catalogue, cwd: folder, environment: { KEY_PASSPHRASE: 'x' } }).catch(
    error => error,
  )
  expect(refusal).toBeInstanceOf(ConfigError)
  expect((refusal as ConfigError).problems.map(({ path }) => path)).toEqual(['tls.cert', 'tls.key'])
})

test('the program in the README embeds a broker', async () => {
  // The same lines on a free port, with the package's names resolved to the sources.
  const program = snippet('js')
    .replace("'robustmq'", JSON.stringify(join(root, 'kernel/index.ts')))
    .replace("'robustmq/mqtt'", JSON.stringify(join(root, 'protocols/mqtt/index.ts')))
    .replace('port: 1883', 'port: 0')
    .replace(
      'await broker.close()',
      'export const ports = broker.listeners.map(({ port }) => port)\nawait broker.close()',
    )
  const path = join(testFolder(), 'embed.mjs')
  writeFileSync(path, program)
  const { ports } = (await import(/* @vite-ignore */ path)) as { ports: number[] }
  expect(ports[0]).toBeGreaterThan(0)
})

describe('one minute', () => {
  beforeAll(build)

  /** What a line of the README starts, with ports and data of its own. */
  const begin = (line: string, folder: string): ServerProcess => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
    expect(scripts.start).toBe('node dist/server/main.js start')
    const args = /npm start(?: -- (.*))?$/.exec(line)?.[1]?.split(' ') ?? []
    const environment = { ...freePorts, ROBUSTMQ__HTTP__PORT: '0', ...temporaryIn(folder) }
    return new ServerProcess(['start', ...args], { cwd: folder, environment })
  }
  const commands = (part: string): string[] => commandsOf(snippetWith('README.md', 'sh', part))

  const missing = missingTool([{ command: 'mosquitto_pub', install: 'Debian: apt-get install mosquitto-clients' }])
  testWith(missing, 'what is started serves, and every command after it does what it says', async () => {
    const folder = testFolder()
    const [start = ''] = commands('npm ci && npm start')
    const server = begin(start, folder)
    const ready = await server.line('ready')
    const url = String(ready.http)

    const [subscribe = '', publish = ''] = commands('mosquitto_sub').map(line =>
      line.replace('-h localhost', `-h localhost -p ${portOf(ready, 'tcp')}`).replace(/ &$/, ''),
    )
    const reader = spawn('sh', ['-c', `exec ${subscribe}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void reader.kill())
    const subscribed = async () =>
      ((await (await fetch(`${url}/api/v1/subscriptions`)).json()) as { data: unknown[] }).data.length
    await expect.poll(subscribed, { timeout: 60_000 }).toBe(1)
    const [[bytes]] = await Promise.all([once(reader.stdout, 'data'), promisify(execFile)('sh', ['-c', publish])])
    expect(String(bytes)).toBe('greetings/world hello\n')

    const ctl = new Ctl({ XDG_CONFIG_HOME: folder, ROBUSTMQ_URL: url })
    const lines = commands('dist/cli')
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) {
      const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
      if (words[0] === 'curl') {
        expect((await fetch(`http://${words[1]}`.replace('http://localhost:8080', url))).status, line).toBe(200)
        continue
      }
      expect(words.slice(0, 2), line).toEqual(['node', 'dist/cli/main.js'])
      const { code, stdout, stderr } = await ctl.run(words.slice(2))
      // What the doctor thinks of this machine is not the point.
      expect([stderr, words[2] === 'doctor' ? stdout.includes('Node') : code], line).toEqual([
        '',
        words[2] === 'doctor' || 0,
      ])
    }

    for (const line of commands('user add')) {
      const [node, program, ...args] = line.split(' ')
      expect([node, program]).toEqual(['node', 'dist/server/main.js'])
      expect(await command(args, { cwd: folder, input: 'secret' })).toMatchObject({ code: 0, stderr: '' })
    }
    server.kill('SIGINT')
    expect((await server.exited).code).toBe(0)
  })

  test('the demo starts', async () => {
    const folder = testFolder()
    const [start = ''] = commands('--demo')
    const server = begin(start, folder)
    expect((await server.line('ready')).demo).toContain('Demo:')
    server.kill('SIGINT')
    expect((await server.exited).code).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })
})

test('every file and folder that the README names is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path]) => path ?? '')
  const folders = [...readme.matchAll(/^([a-z-]+)\/ {2,}/gm)].map(([, path]) => path ?? '')
  expect(links.length).toBeGreaterThan(3)
  expect(folders.length).toBeGreaterThan(4)
  expect([...links, ...folders].filter(path => !existsSync(join(root, path)))).toEqual([])
})
