import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { fixedPort } from '../faults/fixed-port.ts'
import { testFolder } from '../server/support/config.ts'
import { freePorts } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ')
const ignored = read('.dockerignore').split('\n').filter(Boolean)

beforeAll(build)

/** What follows a word of the Dockerfile, each time. */
function all(word: string): string[] {
  return [...dockerfile.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest)
}

/** The command of a `CMD [...]`, with this Node and the program in another folder. */
function commandOf(line: string, installed: string): string[] {
  const words = JSON.parse(line.slice(line.indexOf('['))) as string[]
  expect(words[0]).toBe('node')
  return words.slice(1).map(word => word.replace('/opt/robustmq', installed))
}

test('what the image copies is there, and its build is what the package calls so', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const copied = all('COPY').flatMap(line =>
    line
      .replace(/^--from=\S+ /, '')
      .split(' ')
      .slice(0, -1),
  )
  expect(copied.length).toBeGreaterThan(4)
  for (const path of copied) expect(existsSync(join(root, path.replace('/robustmq/', ''))), path).toBe(true)
  for (const [, script = ''] of dockerfile.matchAll(/npm run (\w+)/g)) expect(scripts).toHaveProperty(script)
  // What the build reads must not be kept from it.
  const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] }
  for (const needed of [...include, 'server', 'cli', 'bundle.js', 'tsconfig.json', 'tsconfig.build.json'])
    expect(ignored).not.toContain(needed)
})

test('the command of the image serves without a file of configuration, and its health check tells', async () => {
  const folder = testFolder()
  const installed = join(folder, 'robustmq')
  for (const line of all('COPY --from=build')) {
    const [from = ''] = line.split(' ')
    const name = basename(from)
    if (name === 'node_modules') symlinkSync(join(root, name), join(installed, name))
    else cpSync(join(root, name), join(installed, name), { recursive: true })
  }
  const settings = Object.fromEntries(all('ENV').flatMap(line => line.split(/\s+/).map(pair => pair.split('='))))
  expect(settings).toMatchObject({ ROBUSTMQ__DATA: '/var/lib/robustmq' })
  const port = await fixedPort(new Random(process.pid))
  const env = {
    PATH: process.env.PATH,
    ...settings,
    ...freePorts,
    ROBUSTMQ__DATA: join(folder, 'data'),
    ROBUSTMQ__HTTP__PORT: String(port),
  }
  const checkHealth = async () => {
    const [line = ''] = all('HEALTHCHECK')
    const check = spawn(process.execPath, commandOf(line, installed), { cwd: folder, env, stdio: 'inherit' })
    return (await once(check, 'close'))[0] as number
  }
  expect(await checkHealth()).toBe(1)

  const [line = ''] = all('CMD')
  const server = spawn(process.execPath, commandOf(line, installed), { cwd: folder, env })
  const ended = once(server, 'close')
  onTestFinished(async () => {
    if (server.exitCode === null) server.kill('SIGKILL')
    await ended
  })
  let said = ''
  server.stderr.on('data', bytes => {
    said += bytes
  })
  for await (const bytes of server.stdout) {
    said += bytes
    if (said.includes('"ready"')) break
  }
  expect(await checkHealth(), said).toBe(0)
  expect(said).toMatch(/Name: admin {3}Password: \S+/)
  server.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
})

test('the image runs as nobody in particular', () => {
  expect(all('USER')).toEqual(['node'])
  expect(all('VOLUME')).toEqual(['/var/lib/robustmq'])
})

test('what compose.yaml mounts is there, but for the key that is made', () => {
  const { services, volumes } = parse(read('compose.yaml')) as {
    services: Record<string, { volumes?: string[]; depends_on?: object }>
    volumes: Record<string, object>
  }
  const mounts = Object.values(services).flatMap(service => service.volumes ?? [])
  const sources = mounts.map(mount => mount.split(':')[0] ?? '')
  expect(sources.length).toBeGreaterThan(6)
  const missing = sources.filter(
    source => !(source.startsWith('./') ? existsSync(join(root, source)) : source in volumes),
  )
  expect(missing.filter(source => source !== './metrics-key')).toEqual([])
})

test('Grafana is given the board, and the Prometheus that compose.yaml starts', () => {
  const { datasources } = parse(read('docs/operations/grafana/datasource.yaml')) as { datasources: { url: string }[] }
  const { providers } = parse(read('docs/operations/grafana/boards.yaml')) as {
    providers: { options: { path: string } }[]
  }
  const compose = read('compose.yaml')
  // Prometheus has the address of the broker, whose network it uses.
  expect(compose).toContain('network_mode: service:robustmq')
  expect(datasources.map(({ url }) => url)).toEqual(['http://robustmq:9090'])
  for (const { options } of providers) expect(compose).toContain(`grafana-board.json:${options.path}/`)
})
