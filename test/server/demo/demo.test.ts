import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { build } from '../../support/build.ts'
import { testFolder } from '../support/config.ts'
import { command, freePorts, type LogLine, ServerProcess, temporaryIn } from '../support/robust-server.ts'

beforeAll(build)

type Row = Readonly<Record<string, unknown>>

/** What it made is in the folder, whatever the test's own machine has. */
function startDemo(folder: string, args: readonly string[] = []): ServerProcess {
  const environment = { ...freePorts, ROBUSTMQ__HTTP__PORT: '0', ...temporaryIn(folder) }
  return new ServerProcess(['start', '--demo', ...args], { cwd: folder, environment })
}

/** Reads lists of the HTTP API. */
function apiOf(ready: LogLine): (path: string) => Promise<Row[]> {
  return async path => {
    const answer = await fetch(`${String(ready.http)}/api/v1${path}`)
    expect(answer.status, path).toBe(200)
    return ((await answer.json()) as { data: Row[] }).data
  }
}

function waysIn(rows: Row[]): Set<string> {
  const connections = rows.map(({ connection }) => connection as { speaks: string; listener: string } | null)
  return new Set(connections.flatMap(one => (one ? [`${one.speaks} ${one.listener}`] : [])))
}

/** Each kind of thing that the demo promises, and where a person finds it. */
const promises: readonly { what: string; path: string; found: (rows: Row[]) => boolean }[] = [
  { what: 'machines are connected', path: '/clients', found: rows => rows.length > 20 },
  {
    what: 'by MQTT 3.1, 3.1.1 and 5.0, over TCP and WebSocket',
    path: '/clients',
    found: rows => waysIn(rows).size === 5,
  },
  {
    what: 'temperatures drift',
    path: '/topics?all=true&search=temperature',
    found: rows => rows.some(({ topic }) => topic === 'plant/hall-b/oven-1/temperature'),
  },
  {
    what: 'a device that dies leaves its will',
    path: '/retained?filter=plant/utilities/pump-3/status',
    found: ([will]) => will?.payload === 'offline',
  },
  { what: 'configuration is retained', path: '/retained?filter=config/%2B', found: rows => rows.length === 12 },
  { what: 'messages wait for their time', path: '/delayed', found: rows => rows.length === 3 },
  {
    what: 'a group shares its work',
    path: '/subscriptions?group=cells',
    found: rows => rows.length === 3,
  },
  {
    what: 'a subscription is exclusive',
    path: '/subscriptions',
    found: rows => rows.some(({ exclusive }) => exclusive === true),
  },
  {
    what: 'a client that flaps is banned for a while',
    path: '/bans',
    found: rows => rows.some(({ value, reason }) => value === 'forklift-7' && reason === 'flapping'),
  },
  {
    what: 'a subscriber is slow',
    path: '/slow-subscribers',
    found: rows => rows.some(({ clientId }) => clientId === 'shift-report'),
  },
  {
    what: 'messages wait for a client that sleeps',
    path: '/sessions?connected=false',
    found: rows => rows.some(({ clientId, queued }) => clientId === 'tablet-4' && Number(queued) > 0),
  },
  {
    what: 'orders come from another broker, results go there, and one bridge is in trouble',
    path: '/bridges',
    found: rows => {
      const by = Object.fromEntries(rows.map(row => [row.name, row]))
      return Number(by.orders?.received) > 0 && Number(by.results?.sent) > 0 && by.archive?.state === 'degraded'
    },
  },
  { what: 'something can never be sent', path: '/bridges/tickets/dead-letters', found: rows => rows.length > 0 },
  { what: 'an alarm lasts', path: '/alarms', found: rows => rows.length === 1 },
  { what: 'there are events', path: '/events', found: rows => rows.length > 20 },
  {
    what: 'there are users, one of another tenant',
    path: '/users',
    found: rows => rows.some(({ tenant }) => tenant === 'logistics'),
  },
  { what: 'there are keys', path: '/api-keys', found: rows => rows.length === 1 },
  { what: 'somebody changed something', path: '/audit', found: rows => rows.length === 3 },
  { what: 'clients are subscribed by the broker', path: '/auto-subscribe', found: rows => rows.length === 1 },
  { what: 'topics are rewritten', path: '/topic-rewrite', found: rows => rows.length === 1 },
  {
    what: 'and arrive so',
    path: '/topics?all=true&search=mill-9',
    found: rows => rows.some(({ topic }) => topic === 'plant/hall-c/mill-9/temperature'),
  },
]

test('with --demo each list has something to show, and nothing is left when it stops', async () => {
  const folder = testFolder({ 'robustmq.yaml': 'this is: not read\n' })
  const server = startDemo(folder)
  const ready = await server.line('ready')
  expect(ready.demo).toContain('its data is gone when you stop it')
  const list = apiOf(ready)
  for (const { what, path, found } of promises)
    await expect
      .poll(async () => found(await list(path)) || (await list(path)), { message: what, timeout: 60_000 })
      .toBe(true)

  server.kill('SIGTERM')
  const { code, stderr } = await server.exited
  expect([code, stderr]).toEqual([0, ''])
  // Devices say good-bye themselves: none is thrown out.
  expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  expect(readdirSync(folder)).toEqual(['robustmq.yaml'])
}, 240_000)

test('with --data it stays, and runs there again', async () => {
  const folder = testFolder()
  const passwords: string[] = []
  for (const time of ['first', 'second']) {
    const server = startDemo(folder, ['--data', 'plant'])
    const ready = await server.line('ready')
    expect(ready.data, time).toBe(join(folder, 'plant'))
    const list = apiOf(ready)
    await expect.poll(async () => (await list('/retained?filter=config/%2B')).length, { timeout: 60_000 }).toBe(12)
    await expect.poll(async () => (await list('/bans')).length, { timeout: 60_000 }).toBeGreaterThan(1)
    expect(await list('/api-keys')).toHaveLength(1)
    server.kill('SIGTERM')
    expect(await server.exited, time).toMatchObject({ code: 0, stderr: '' })
    passwords.push(readFileSync(join(folder, 'plant/users'), 'utf8'))
  }
  expect(passwords[0]).not.toBe(passwords[1])
}, 90_000)

test('it does not touch what is not its own', async () => {
  const folder = testFolder({ 'real/format': '7\n', 'robustmq.yaml': '' })
  const onReal = await command(['start', '--demo', '--data', 'real'], { cwd: folder })
  expect(onReal.code).toBe(1)
  expect(onReal.stderr).toContain(
    `${join(folder, 'real')} has files that no demo made; --demo takes an empty directory`,
  )
  expect(readdirSync(join(folder, 'real'))).toEqual(['format'])
  const configured = await command(['start', '--demo', '--config', 'robustmq.yaml'], { cwd: folder })
  expect(configured.code).toBe(2)
  expect(configured.stderr).toContain("'--demo' cannot be used with option '-c, --config <file>'")
  // The directory that the environment names is a real one, too.
  const environment = { ROBUSTMQ__DATA: 'real', ROBUSTMQ__STORAGE__TYPE: 'nothing', ...temporaryIn(folder) }
  await command(['start', '--demo'], { cwd: folder, environment })
  expect(readdirSync(join(folder, 'real'))).toEqual(['format'])
  expect(readdirSync(folder).sort()).toEqual(['real', 'robustmq.yaml'])
})
