import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import mqtt from 'mqtt'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { version } from '../../kernel/version.ts'
import { build } from '../support/build.ts'
import { noProc, testUnless } from '../support/skipping.ts'
import { testFolder } from './support/config.ts'
import { command, freePorts, portOf, ServerProcess } from './support/robust-server.ts'

beforeAll(build)

function started(cwd: string, environment: Record<string, string> = {}, node: string[] = []): ServerProcess {
  return new ServerProcess(['start'], { cwd, environment: { ...freePorts, ...environment }, node })
}

async function login(port: number, username: string, password: string): Promise<'accepted' | 'refused'> {
  const client = mqtt.connect({ host: '127.0.0.1', port, username, password, reconnectPeriod: 0, protocolVersion: 5 })
  onTestFinished(() => void client.end(true))
  return new Promise(resolve => {
    client.once('connect', () => resolve('accepted'))
    client.once('error', () => resolve('refused'))
  })
}

test('without a configuration it serves, says where, and ends cleanly on SIGTERM', async () => {
  const cwd = testFolder()
  const server = started(cwd)
  const ready = await server.line('ready')
  expect(ready).toMatchObject({ version, node: 'robustmq', pid: server.child.pid, data: join(cwd, 'data') })
  expect(ready.try).toBe(`mosquitto_sub -h localhost -p ${portOf(ready, 'tcp')} -t '#' -v`)
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf(ready, 'tcp')}`, { protocolVersion: 5 })
  const gone = new Promise<number | undefined>(resolve =>
    client.once('disconnect', packet => resolve(packet.reasonCode)),
  )
  client.options.reconnectPeriod = 0
  server.kill('SIGTERM')
  expect(await gone).toBe(0x8b)
  expect(await server.exited).toMatchObject({ code: 0, stderr: '' })
  expect(server.lines.map(({ msg }) => msg)).toContain('stopped')
  await client.endAsync(true)
})

test('it tells how long its start took', async () => {
  const ready = await started(testFolder()).line('ready')
  expect(ready.startedInMs).toBeGreaterThan(0)
})

testUnless(noProc, 'at rest it takes less than 60 MB beside what Node maps of its own file', async () => {
  const server = started(testFolder())
  await server.line('ready')
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8')
  expect(Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024).toBeLessThan(60)
})

test('on a terminal it greets with the addresses and how to connect', async () => {
  const server = started(testFolder(), { ROBUSTMQ__LOG__FORMAT: 'pretty' })
  await once(server.child.stdout!, 'data')
  server.kill('SIGTERM')
  const { stdout } = await server.exited
  expect(stdout).toContain(`RobustMQ ${version} is ready. Node robustmq, pid ${server.child.pid}, data in `)
  expect(stdout).toMatch(/^ {2}tcp +mqtt:\/\/localhost:\d+ {2}\(all addresses\)$/m)
  expect(stdout).toMatch(/^ {2}ws +ws:\/\/localhost:\d+\/mqtt {2}\(all addresses\)$/m)
  expect(stdout).toMatch(/^ {2}Try: mosquitto_sub -h localhost -p \d+ -t '#' -v$/m)
})

test('a second signal ends it at once', async () => {
  const server = started(testFolder())
  const ready = await server.line('ready')
  // A peer that never closes its side is what a stop waits for.
  const peer: Socket = connect({ port: portOf(ready, 'tcp'), host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void peer.destroy())
  peer.on('error', () => {})
  await once(peer, 'connect')
  server.kill('SIGTERM')
  await server.line('stopping; a second signal stops at once')
  server.kill('SIGINT')
  const { code } = await server.exited
  const stopped = server.lines.some(({ msg }) => msg === 'stopped')
  const forced = server.lines.some(({ msg }) => msg === 'a second signal: stopping at once')
  expect({ code, stopped, forced }).toEqual({ code: 1, stopped: false, forced: true })
})

test('a taken port is told in one line with its holder, and how to mend it', async () => {
  const holder = createServer().listen(0)
  onTestFinished(() => void holder.close())
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  const server = started(testFolder(), { ROBUSTMQ__LISTENERS__TCP__PORT: String(port) })
  const { code, stderr } = await server.exited
  expect(code).toBe(1)
  const [line, mend, ...rest] = stderr.split('\n')
  expect(line).toMatch(new RegExp(`^error: listener "tcp" cannot listen on \\*:${port}: the port is taken`))
  if (process.platform === 'linux') expect(line).toContain(`by process ${process.pid} `)
  expect(mend).toBe('Choose another port with --port, or with "port" in the configuration.')
  expect(rest).toEqual([''])
})

test('with a wrong configuration nothing starts and nothing is written', async () => {
  const cwd = testFolder({ 'robustmq.yaml': 'listeners: { tcp: { port: 70000 } }' })
  const { code, stdout, stderr } = await new ServerProcess(['start'], { cwd }).exited
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('robustmq.yaml:1:27 listeners.tcp.port: expected at most 65535, got 70000')
  expect(readdirSync(cwd)).toEqual(['robustmq.yaml'])
})

test('SIGHUP applies users and the log level', async () => {
  const cwd = testFolder({ 'robustmq.yaml': 'access: { anonymous: never }\nlog: { level: info }\n' })
  await command(['user', 'add', 'alice'], { cwd, input: 'first' })
  const server = started(cwd)
  const port = portOf(await server.line('ready'), 'tcp')
  expect(await login(port, 'alice', 'first')).toBe('accepted')
  expect(await login(port, 'bob', 'second')).toBe('refused')
  await command(['user', 'add', 'bob'], { cwd, input: 'second' })
  writeFileSync(
    join(cwd, 'robustmq.yaml'),
    'access: { anonymous: never }\nlog: { level: error }\nnode: { name: other }\n',
  )
  server.kill('SIGHUP')
  expect(await server.line('changed, but only a restart applies it')).toMatchObject({ key: 'node.name' })
  await server.line('configuration reloaded')
  expect(await login(port, 'bob', 'second')).toBe('accepted')
  server.kill('SIGTERM')
  expect((await server.exited).stdout).not.toContain('stopping')
})

test('SIGHUP applies bans and the options of the protocol, and says what needs a restart', async () => {
  const cwd = testFolder({ 'robustmq.yaml': 'access: { bans: [{ clientId: old }] }\n' })
  const server = started(cwd)
  const port = portOf(await server.line('ready'), 'tcp')
  const connect = (clientId: string) =>
    mqtt.connectAsync({ host: '127.0.0.1', port, clientId, reconnectPeriod: 0, protocolVersion: 5 })
  await expect(connect('old')).rejects.toThrow('Banned')
  writeFileSync(
    join(cwd, 'robustmq.yaml'),
    `access:
  bans: [{ clientIdPattern: "bot-*", until: 2999-12-31 }, { user: eve, until: 2020-01-01T00:00:00Z }]
  authenticators: [{ type: password, file: users }]
mqtt: { rewrite: [{ filter: in/+, match: "^in/(\\\\w+)$", to: "out/$1" }], receiveMaximum: 7 }
`,
  )
  writeFileSync(join(cwd, 'users'), '')
  server.kill('SIGHUP')
  expect(await server.line('changed, but only a restart applies it')).toMatchObject({ key: 'access.authenticators' })
  await server.line('configuration reloaded')
  expect(server.lines.filter(({ msg }) => msg === 'changed, but only a restart applies it')).toEqual([])
  await expect(connect('bot-1')).rejects.toThrow('Banned')
  const client = await connect('old')
  onTestFinished(() => void client.end(true))
  const topic = new Promise(resolve => client.once('message', resolve))
  await client.subscribeAsync('out/#')
  await client.publishAsync('in/a', 'x')
  expect(await topic).toBe('out/a')
})

test('a reload of a wrong configuration is told with its place, and the old state stays', async () => {
  const cwd = testFolder({ 'robustmq.yaml': 'log: { level: info }\n' })
  const server = started(cwd)
  const port = portOf(await server.line('ready'), 'tcp')
  writeFileSync(join(cwd, 'robustmq.yaml'), 'access: { anonymous: never, rules: [{ effect: perhaps }] }\n')
  server.kill('SIGHUP')
  expect(await server.line('expected one of allow, deny, got "perhaps"')).toMatchObject({
    at: 'robustmq.yaml:1:47',
    path: 'access.rules[0].effect',
  })
  await server.line('reload failed; the old state stays')
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`)
  await client.endAsync()
})

test('SIGHUP replaces certificates', async () => {
  const cwd = testFolder({
    'robustmq.yaml': 'tls: { cert: cert.pem, key: key.pem }\nlisteners: { tls: { transport: tls, port: 0 } }',
  })
  const certify = (name: string) =>
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem -out cert.pem -subj /CN=${name}`.split(
        ' ',
      ),
      { cwd, stdio: 'ignore' },
    )
  const seen = async (port: number): Promise<string> => {
    const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return String(subject.CN)
  }
  certify('first')
  const server = new ServerProcess(['start'], { cwd })
  const port = portOf(await server.line('ready'), 'tls')
  expect(await seen(port)).toBe('first')
  certify('second')
  server.kill('SIGHUP')
  await server.line('configuration reloaded')
  expect(await seen(port)).toBe('second')
})

test('a broker that lets everybody in from everywhere says so', async () => {
  const open = started(testFolder(), { ROBUSTMQ__ACCESS__ANONYMOUS: 'always' })
  await open.line('ready')
  expect(open.stdout).toMatch(/"level":"warn".*open to the world: anybody who reaches listeners tcp, ws is let in/)
  const local = started(testFolder({ 'robustmq.yaml': 'listeners: { tcp: { host: 127.0.0.1, port: 0 } }' }), {
    ROBUSTMQ__ACCESS__ANONYMOUS: 'always',
    ROBUSTMQ__LISTENERS__WS__HOST: '127.0.0.1',
  })
  await local.line('ready')
  expect(local.stdout).not.toContain('open to the world')
})

test('a bug ends it with 70 and a fatal line', async () => {
  const trap = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("a planted bug")})'
  const server = started(testFolder(), {}, ['--import', trap])
  await server.line('ready')
  server.kill('SIGUSR2')
  const { code } = await server.exited
  expect(code).toBe(70)
  expect(server.lines.at(-1)).toMatchObject({
    level: 'fatal',
    event: 'uncaughtException',
    error: { message: 'a planted bug' },
  })
})

test('what was retained is there after a restart', async () => {
  const cwd = testFolder()
  const first = started(cwd)
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf(await first.line('ready'), 'tcp')}`)
  await client.publishAsync('kept', 'yes', { retain: true, qos: 1 })
  await client.endAsync()
  first.kill('SIGTERM')
  await first.exited
  const second = started(cwd)
  const reader = mqtt.connect(`mqtt://127.0.0.1:${portOf(await second.line('ready'), 'tcp')}`)
  onTestFinished(() => void reader.end(true))
  const received = new Promise(resolve => reader.once('message', (topic, payload) => resolve([topic, String(payload)])))
  await reader.subscribeAsync('kept')
  expect(await received).toEqual(['kept', 'yes'])
})

test('a damaged data file is named with the place in it and the command that looks at it', async () => {
  const cwd = testFolder()
  const first = started(cwd)
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf(await first.line('ready'), 'tcp')}`)
  for (let i = 0; i < 20; i++) await client.publishAsync(`kept/${i}`, 'x'.repeat(100), { retain: true, qos: 1 })
  await client.endAsync()
  first.kill('SIGTERM')
  await first.exited
  const folder = join(cwd, 'data/table-retained')
  const [name = ''] = readdirSync(folder).sort(
    (a, b) => readFileSync(join(folder, b)).length - readFileSync(join(folder, a)).length,
  )
  const bytes = readFileSync(join(folder, name))
  bytes[Math.floor(bytes.length / 3)]! ^= 0xff
  writeFileSync(join(folder, name), bytes)
  const second = started(cwd)
  const { code, stderr } = await second.exited
  expect(code).toBe(1)
  expect(stderr).toContain(name)
  expect(stderr).toMatch(/at byte \d+/)
  expect(stderr).toContain(`robust-server data check --data ${join(cwd, 'data')}`)
  expect(existsSync(join(folder, name))).toBe(true)
  const checked = await command(['data', 'check'], { cwd })
  expect(checked).toMatchObject({ code: 1, stderr: '' })
  expect(checked.stdout).toMatch(/at byte \d+: .*; lost: /)
  const repaired = await command(['data', 'repair'], { cwd })
  expect(repaired).toMatchObject({ code: 0, stderr: '' })
  expect(repaired.stdout).toContain('kept as it was: ')
  expect(await command(['data', 'check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  await started(cwd).line('ready')
})

test('data check of a directory that is not there, or of no files at all, is refused', async () => {
  const cwd = testFolder()
  expect(await command(['data', 'check'], { cwd })).toMatchObject({
    code: 1,
    stderr: `error: there is no data directory ${join(cwd, 'data')}\n`,
  })
  expect(await command(['data', 'check'], { cwd, environment: { ROBUSTMQ__STORAGE__TYPE: 'memory' } })).toMatchObject({
    code: 1,
  })
})

test('a second server on the same data directory is refused, and told which process holds it', async () => {
  const cwd = testFolder()
  const first = started(cwd)
  await first.line('ready')
  const { code, stderr } = await started(cwd).exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: .*\nChoose another one with --data, or with "data" in the configuration\.\n$/)
  expect(stderr).toContain(`held by process ${first.child.pid};`)
})

test('a malformed users file is told with its line, as a mistake and not as a bug', async () => {
  const cwd = testFolder({
    users: 'alice:secret\n',
    'robustmq.yaml': 'access: { authenticators: [{ type: password, file: users }] }',
  })
  const { code, stderr } = await started(cwd).exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: .*users:1.*\n$/)
})

test('what fails at the start does not tell a secret', async () => {
  const canary = 'c4n4ry-51b7'
  const cwd = testFolder({
    'robustmq.yaml': 'access: { authenticators: [{ type: password, file: "${env:USERS}" }] }',
  })
  const { code, stdout, stderr } = await started(cwd, { USERS: `/none/${canary}` }).exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: .*no such file/)
  expect(stdout + stderr).not.toContain(canary)
})
