import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Api, type ApiOptions } from '../server/http/api.ts'
import { hurriedClock } from '../server/http/hurried-clock.ts'
import { startBroker } from '../support/broker.ts'
import { build } from '../support/build.ts'
import { Ctl, type Ended } from './robust-ctl.ts'

beforeAll(build)

interface House {
  readonly api: Api
  readonly ctl: Ctl
}

async function house(options: ApiOptions = {}): Promise<House> {
  const api = await Api.start(options)
  const folder = await mkdtemp(path.join(tmpdir(), 'ctl-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return { api, ctl: new Ctl({ ROBUSTMQ_URL: api.http.url, XDG_CONFIG_HOME: folder }) }
}

/** What differs from run to run, by what it is. */
function settled(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replace(/127\.0\.0\.1:\d+/g, '<address>')
    .trimEnd()
}

async function expectGolden(name: string, ended: Ended): Promise<void> {
  expect([ended.code, ended.stderr]).toEqual([0, ''])
  await expect(`${settled(ended.stdout)}\n`).toMatchFileSnapshot(`golden/${name}.txt`)
}

const table = ['-o', 'table']

test('the commands of the mission work as they are written', async () => {
  const { api, ctl } = await house()
  await api.client({ clientId: 'meter' })
  const published = await ctl.run(['mqtt', 'publish', '--topic', 'test', '--payload', 'Hello RobustMQ!'])
  expect(published).toMatchObject({ code: 0, stderr: '' })
  await expectGolden('topic-list', await ctl.run([...table, 'mqtt', 'topic', 'list']))
  await expectGolden('client-list', await ctl.run([...table, 'mqtt', 'client', 'list']))
  const config = await ctl.run([...table, 'cluster', 'config', 'get', 'log'])
  await expectGolden('config-get', config)
})

test('a list is written in every format, as JSON lines where nobody reads it', async () => {
  const { api, ctl } = await house()
  for (const topic of ['a/b', 'a,"c"', '=1-1'])
    await api.call('POST', '/publish', { body: { topic, payload: 'x', retain: true, qos: 1 } })
  for (const format of ['table', 'json', 'yaml', 'csv', 'name'])
    await expectGolden(`retained-${format}`, await ctl.run(['-o', format, 'retained', 'list']))
  await expectGolden('retained-lines', await ctl.run(['retained', 'list']))
})

test('a list goes on where the server has looked through a part only', async () => {
  const { api, ctl } = await house({ clock: hurriedClock() })
  for (let n = 0; n < 5; n++) {
    const messages = Array.from({ length: 1_000 }, (_, i) => ({ topic: `t/${n}/${i}`, payload: 'x', retain: true }))
    await api.call('POST', '/publish/bulk', { body: { messages } })
  }
  const first = await api.get('/topics?all=true&search=4/99')
  expect([first.data, typeof first.meta.next]).toEqual([[], 'string'])
  const found = await ctl.run(['-o', 'name', 'mqtt', 'topic', 'list', '--search', '4/999'])
  expect(found).toEqual({ code: 0, stdout: 't/4/999\n', stderr: '' })
})

describe('mqtt', () => {
  test.each(['3.1', '3.1.1', '5'])('publishes and subscribes by MQTT %s', async version => {
    const { ctl } = await house()
    const flags = ['--mqtt-version', version, '-q', '1']
    const published = await ctl.run(['mqtt', 'publish', '-t', 'a/b', '-r', ...flags], '{"temp":21}')
    expect(published).toMatchObject({ code: 0, stderr: '' })
    const seen = await ctl.run(['mqtt', 'subscribe', '-t', 'a/#', '-n', '1', '-o', 'table', ...flags])
    expect(seen).toEqual({ code: 0, stderr: '', stdout: 'a/b  (QoS 1, retained)\n  {\n    "temp": 21\n  }\n' })
    const line = await ctl.run(['mqtt', 'subscribe', '-t', 'a/#', '-n', '1', '--format', '%t=%p q%q 100%%', ...flags])
    expect(line.stdout).toBe('a/b={"temp":21} q1 100%\n')
  })

  test('properties of MQTT 5 come along', async () => {
    const { ctl } = await house()
    const properties = ['--content-type', 'text/plain', '--property', 'a=1', 'a=2', '--response-topic', 'r']
    await ctl.run(['mqtt', 'publish', '-t', 'p', '-p', 'x', '-r', '-q', '1', ...properties])
    const { stdout } = await ctl.run(['mqtt', 'subscribe', '-t', 'p', '-n', '1', '-q', '1'])
    expect(JSON.parse(stdout)).toEqual({
      topic: 'p',
      payload: 'x',
      qos: 1,
      retain: true,
      properties: { contentType: 'text/plain', responseTopic: 'r', userProperties: { a: ['1', '2'] } },
    })
  })

  test('goes through TLS and WebSocket', async () => {
    await using broker = await startBroker({ tls: true, websocket: true })
    const { ctl } = await house()
    const folder = await mkdtemp(path.join(tmpdir(), 'ca-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const ca = path.join(folder, 'ca.pem')
    await writeFile(ca, broker.ca)
    for (const url of [
      `mqtts://localhost:${broker.tlsPort}`,
      `ws://localhost:${broker.wsPort}/mqtt`,
      `wss://localhost:${broker.wssPort}/mqtt`,
    ]) {
      const done = await ctl.run(['mqtt', 'publish', '-b', url, '--ca', ca, '-t', 'x', '-p', 'y', '-q', '1'])
      expect([url, done.code, done.stderr]).toEqual([url, 0, ''])
    }
  })
})

describe('what is changed is shown', () => {
  test('users', async () => {
    const { ctl } = await house()
    await expectGolden('user-add', await ctl.run([...table, 'user', 'add', 'ann', '--superuser'], 'correct horse\n'))
    await expectGolden('user-list', await ctl.run([...table, 'user', 'list']))
    expect((await ctl.run(['user', 'remove', 'ann'])).code).toBe(0)
  })

  test('rules', async () => {
    const { ctl } = await house()
    const added = await ctl.run([...table, 'acl', 'add', '--effect', 'deny', '--filter', 'secret/#', 'top/+'])
    await expectGolden('acl-add', added)
    await expectGolden('acl-explain', await ctl.run([...table, 'acl', 'explain', 'c', 'publish', 'secret/x']))
    expect((await ctl.run(['acl', 'remove', '0'])).code).toBe(0)
  })

  test('bans', async () => {
    const { ctl } = await house()
    await expectGolden('ban-add', await ctl.run([...table, 'ban', 'add', 'client-id', 'bad', '--reason', 'noise']))
    expect((await ctl.run(['ban', 'remove', 'client-id', 'bad'])).code).toBe(0)
  })

  test('settings', async () => {
    const { ctl } = await house()
    const set = await ctl.run([...table, 'config', 'set', 'access.noMatch', 'allow'])
    await expectGolden('config-set', unplaced(set))
    expect((await ctl.run(['config', 'reset', 'access.noMatch'])).code).toBe(0)
  })
})

describe('bridges', () => {
  const entry = 'egress: out/#\nto:\n  connection: hook\n  body: { at: "${timestamp}" }\n'
  const connection = { type: 'http', url: 'http://127.0.0.1:9/', secret: 'hush' }

  test('types tell their options', async () => {
    const { ctl } = await house()
    await expectGolden('bridge-types', await ctl.run([...table, 'bridge', 'types']))
    await expectGolden('bridge-types-http', await ctl.run([...table, 'bridge', 'types', 'http']))
    const unknown = await ctl.run(['bridge', 'types', 'htp'])
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there are http, mqtt')])
  })

  test('a connection and a bridge are made of YAML and JSON, shown, and removed', async () => {
    const { ctl } = await house()
    const folder = await mkdtemp(path.join(tmpdir(), 'entries-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = path.join(folder, 'bridge.yaml')
    await writeFile(file, entry)
    const set = await ctl.run(
      [...table, 'bridge', 'connection', 'set', 'hook', '--file', '-'],
      JSON.stringify(connection),
    )
    await expectGolden('bridge-connection-set', unplaced(set))
    const tried = await ctl.run(['bridge', 'test', 'out', '--file', file])
    expect([tried.code, JSON.parse(tried.stdout)]).toMatchObject([1, { name: 'TCP', ok: false }])
    await expectGolden('bridge-set', unplaced(await ctl.run([...table, 'bridge', 'set', 'out', '--file', file])))
    await expectGolden('bridge-config', await ctl.run(['-o', 'yaml', 'bridge', 'config', 'out']))
    await expectGolden('bridge-connections', unplaced(await ctl.run([...table, 'bridge', 'connections'])))
    const shown = await ctl.run(['bridge', 'connection', 'show', 'hook'])
    expect(JSON.parse(shown.stdout)).toMatchObject({ bridges: ['out'], config: { secret: '********' } })
    const inUse = await ctl.run(['bridge', 'connection', 'remove', 'hook'])
    expect([inUse.code, inUse.stderr]).toEqual([1, expect.stringContaining('used by out')])
    expect((await ctl.run(['bridge', 'remove', 'out'])).code).toBe(0)
    expect((await ctl.run(['bridge', 'connection', 'remove', 'hook'])).code).toBe(0)
  })

  test('a connection is tested as it is, and as a file has it', async () => {
    const { api, ctl } = await house()
    const tried = async (url: string) =>
      await ctl.run(['bridge', 'connection', 'test', 'hook', '-f', '-'], JSON.stringify({ ...connection, url }))
    expect(await tried(api.http.url)).toMatchObject({ code: 0, stdout: expect.stringContaining('"name":"HTTP"') })
    expect(await tried(connection.url)).toMatchObject({ code: 1, stderr: 'hook cannot work\n' })
    expect((await ctl.run(['bridge', 'connection', 'test', 'hook'])).stderr).toContain('there is no connection "hook"')
  })

  test.each([
    ['no/such/file', '', 'ENOENT'],
    ['-', 'a: [', 'is no YAML'],
    ['-', 'just words', 'expected keys and values'],
  ])('what is no entry is a mistake of the command line: %s %j', async (file, input, message) => {
    const { ctl } = await house()
    const { code, stderr } = await ctl.run(['bridge', 'set', 'out', '--file', file], input)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('a trace', () => {
  const started = ['trace', 'start', 't', '--topic', 'site/#', '--for', '5m', '--payload', '16']

  /** Something for it to see. */
  async function happen(api: Api): Promise<void> {
    const meter = await api.client({ clientId: 'meter' })
    await meter.publish('site/a', '{"temp":21}', { qos: 1 })
    await meter.publish('elsewhere', 'x', { qos: 1 })
  }

  test('is started, listed, shown, stopped and deleted', async () => {
    const { api, ctl } = await house()
    await expectGolden('trace-start', await ctl.run([...table, ...started]))
    await happen(api)
    await expectGolden('trace-list', await ctl.run([...table, 'trace', 'list']))
    await expectGolden('trace-show', await ctl.run([...table, 'trace', 'show', 't']))
    const dropped = await ctl.run(['-o', 'name', 'trace', 'show', 't', '--event', 'dropped'])
    expect(dropped.stdout).toBe('dropped\n')
    await expectGolden('trace-stop', await ctl.run([...table, 'trace', 'stop', 't']))
    expect((await ctl.run(['trace', 'delete', 't'])).code).toBe(0)
    expect((await ctl.run(['trace', 'show', 't'])).code).toBe(1)
    expect((await ctl.run([...started.slice(0, 3), '--for', 'long'])).code).toBe(2)
  })

  test('is watched until it ends, and downloaded line by line', async () => {
    const { api, ctl } = await house()
    await ctl.run(started)
    await happen(api)
    await ctl.run(['trace', 'stop', 't'])
    const watched = await ctl.run([...table, 'trace', 'watch', 't'])
    await expectGolden('trace-watch', {
      ...watched,
      stdout: watched.stdout.replace(/\d\d:\d\d:\d\d\.\d{3}/g, '<time>'),
    })
    const lines = await ctl.run(['trace', 'watch', 't'])
    expect(await ctl.run(['trace', 'download', 't'])).toEqual(lines)
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).event),
    ).toEqual(['published', 'dropped', 'acknowledged'])
    expect((await ctl.run(['trace', 'watch', 'nobody'])).stderr).toContain('there is no trace "nobody"')
  })
})

test('an API key is made, used, listed without its secret, and deleted', async () => {
  const { api, ctl } = await house()
  const made = await ctl.run(['-o', 'name', 'api-key', 'create', 'ci', '--role', 'operator', '--group', 'nodes'])
  const secret = made.stdout.trim()
  expect(secret).toMatch(/^rmq_/)
  expect((await ctl.run(['--api-key', secret, 'cluster', 'node'])).code).toBe(0)
  expect((await ctl.run(['--api-key', secret, 'trace', 'list'])).code).toBe(1)
  const [id = ''] = (await ctl.run(['-o', 'name', 'api-key', 'list'])).stdout.trim().split('\n')
  const listed = await ctl.run([...table, 'api-key', 'list'])
  expect(listed.stdout).not.toContain(secret)
  await expectGolden('api-key-list', { ...listed, stdout: listed.stdout.replace(id, '<id>         ') })
  expect((await ctl.run(['api-key', 'delete', id])).code).toBe(0)
  expect((await api.get('/api-keys')).data).toEqual([])
})

/** Where the data directory is differs. */
function unplaced(ended: Ended): Ended {
  return { ...ended, stdout: ended.stdout.replace(/\S+settings\.json/, '<settings>') }
}

test('whoever has read enough, as head does, is no failure', async () => {
  const { ctl } = await house()
  expect(await ctl.runUnread(['completion', 'bash'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

describe('mistakes', () => {
  test('of the command line end with 2 and name the nearest command', async () => {
    const { ctl } = await house()
    const { code, stderr } = await ctl.run(['mqtt', 'topc', 'list'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('Did you mean topic?')])
    expect((await ctl.run(['-o', 'xml', 'mqtt', 'topic', 'list'])).code).toBe(2)
    expect((await ctl.run(['--context', 'nowhere', 'cluster', 'status'])).code).toBe(2)
    expect((await ctl.run(['retained', 'clear', '#'])).code).toBe(2)
  })

  test('of the server end with 1 and say what is wrong', async () => {
    const { ctl } = await house()
    const { code, stderr } = await ctl.run(['mqtt', 'client', 'kick', 'nobody'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no session "nobody"')])
  })

  test('a server that is not there ends with 3 and the next command', async () => {
    const { ctl } = await house()
    const { code, stderr } = await ctl.run(['--url', 'http://127.0.0.1:9', 'cluster', 'status'])
    expect([code, stderr]).toEqual([3, expect.stringContaining('Try: robust-ctl doctor')])
  })
})

test('contexts are kept for their owner alone, and chosen by name', async () => {
  const { api, ctl } = await house()
  const folder = await mkdtemp(path.join(tmpdir(), 'ctl-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const own = new Ctl({ XDG_CONFIG_HOME: folder })
  expect((await own.run(['context', 'set', 'lab', '--url', api.http.url, '--api-key', 'rmq_canary'])).code).toBe(0)
  expect((await own.run(['context', 'use', 'lab'])).code).toBe(0)
  const file = path.join(folder, 'robustmq', 'contexts.json')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    current: 'lab',
    contexts: { lab: { url: api.http.url } },
  })
  expect((await own.run(['context', 'list'])).stdout).not.toContain('rmq_canary')
  // The key is wrong, and that is told.
  expect(await own.run(['cluster', 'status'])).toMatchObject({ code: 1, stderr: expect.stringContaining('unknown') })
  expect((await ctl.run(['cluster', 'node', '-o', 'name'])).stdout).toBe('robustmq\n')
})

test('commands and live names are completed', async () => {
  const { api, ctl } = await house()
  await api.client({ clientId: 'meter-7' })
  const complete = async (...words: string[]) =>
    (await ctl.run(['__complete', '--', ...words])).stdout.trim().split('\n')
  expect(await complete('mqtt', 'cl')).toEqual(['client'])
  expect(await complete('mqtt', 'client', 'kick', 'me')).toEqual(['meter-7'])
  expect(await complete('mqtt', 'publish', '--to')).toEqual(['--topic'])
  expect(await complete('bridge', 'types', 'ka')).toEqual(['kafka'])
  for (const shell of ['bash', 'zsh', 'fish'])
    expect((await ctl.run(['completion', shell])).stdout).toContain('__complete')
})

test('the doctor examines machine and server, and ends with 1 where something is bad', async () => {
  const { ctl } = await house()
  const { code, stdout } = await ctl.run(['doctor', '--json', '--data', tmpdir()])
  const found = JSON.parse(stdout) as { check: string; verdict: string; mend: string }[]
  expect(code).toBe(0)
  expect(found.map(({ check }) => check)).toEqual(
    expect.arrayContaining([
      'Node.js',
      'open files',
      'disk space',
      'fsync',
      'port 1883',
      'server',
      'clock',
      'alarms',
      'backlog',
    ]),
  )
  expect(found.filter(({ verdict, mend }) => verdict !== 'good' && mend === '')).toEqual([])
  const gone = await ctl.run(['--url', 'http://127.0.0.1:9', 'doctor', '--json', '--data', tmpdir()])
  expect(gone.code).toBe(1)
})
