import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { version } from '../../kernel/version.ts'
import { build } from '../support/build.ts'
import { testFolder } from './support/config.ts'
import { command } from './support/robust-server.ts'

beforeAll(build)

test('version prints the version', async () => {
  expect(await command(['version'], { cwd: testFolder() })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test.each([
  [['strat'], 'Did you mean start?'],
  [['config', 'shwo'], 'Did you mean show?'],
  [['start', '--prot', '1'], 'Did you mean --port?'],
  [['start', '--port', 'many'], 'Expected a number from 0 to 65535'],
  [['start', 'now'], 'too many arguments'],
])('a wrong command line (%j) ends with 2 and a hint', async (args, hint) => {
  const { code, stderr } = await command(args, { cwd: testFolder() })
  expect(code).toBe(2)
  expect(stderr).toContain(hint)
})

test('config check tells every mistake and ends with 1', async () => {
  const cwd = testFolder({ 'robustmq.yaml': 'lgo: {}\nqueue: { overflow: burn }\n' })
  expect(await command(['config', 'check'], { cwd })).toEqual({
    code: 1,
    stdout: '',
    stderr: [
      'error: the configuration has 2 mistakes; nothing was started',
      '  robustmq.yaml:2:20 queue.overflow: expected one of drop-oldest, drop-newest, got "burn"',
      '  robustmq.yaml:1:1 lgo: unknown key "lgo"; did you mean "log"?',
      '',
    ].join('\n'),
  })
})

test('config check of a correct file says so', async () => {
  const cwd = testFolder({ 'mine.yaml': 'log: { level: debug }\n' })
  expect(await command(['config', 'check', '--config', 'mine.yaml'], { cwd })).toEqual({
    code: 0,
    stdout: 'mine.yaml is correct\n',
    stderr: '',
  })
})

test('config show prints values and their sources, plugins included, and no secret', async () => {
  const canary = 'c4n4ry-9d2e'
  const cwd = testFolder({
    'robustmq.yaml': `access:\n  authenticators: [{ type: jwt, secret: "${canary}-in-the-file-which-is-32-bytes-long" }]\nmqtt: { connectTimeout: 5s }\nnode: { name: "\${env:NAME}" }\n`,
  })
  const { code, stdout, stderr } = await command(['config', 'show'], { cwd, environment: { NAME: canary } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^mqtt\.connectTimeout +5s +# robustmq\.yaml:3:25$/m)
  expect(stdout).toMatch(/^storage\.type +file +# default$/m)
  expect(stdout).toMatch(/^node\.name +\*{8} +# robustmq\.yaml:4:15$/m)
  expect(stdout).not.toContain(canary)
})

test('config schema is a JSON Schema with the options of plugins that are not in use', async () => {
  const { stdout } = await command(['config', 'schema'], { cwd: testFolder() })
  const schema = JSON.parse(stdout)
  expect(schema.properties.access.properties.authenticators.items.oneOf).toHaveLength(3)
})

test('users are added from standard input, listed and removed', async () => {
  const cwd = testFolder()
  const added = await command(['user', 'add', 'alice', '--tenant', 'acme'], { cwd, input: 'c4n4ry-password\n' })
  expect(added).toMatchObject({ code: 0, stderr: '' })
  expect(added.stdout).toBe(
    `added alice in ${join(cwd, 'data/users')}; the server asks this file from its next start on\n`,
  )
  const next = await command(['user', 'add', 'anna'], { cwd, input: 'c4n4ry-password\n' })
  expect(next.stdout).toMatch(
    /started with this file reads it again after SIGHUP: .*; one that was started before there was any user asks it from its next start on$/m,
  )
  expect(await command(['user', 'remove', 'anna'], { cwd })).toMatchObject({ code: 0 })
  const users = readFileSync(join(cwd, 'data/users'), 'utf8')
  expect(users + added.stdout).not.toContain('c4n4ry')
  expect((await command(['users', 'list'], { cwd })).stdout).toBe('alice  (tenant acme)\n')
  expect(await command(['user', 'remove', 'alice'], { cwd })).toMatchObject({ code: 0 })
  expect((await command(['user', 'list'], { cwd })).stdout).toBe('')
  expect(await command(['user', 'remove', 'alice'], { cwd })).toMatchObject({
    code: 1,
    stderr: `error: there is no user "alice" in ${join(cwd, 'data/users')}\n`,
  })
})

test('an empty password is refused and nothing is written', async () => {
  const cwd = testFolder()
  const { code, stderr } = await command(['user', 'add', 'alice'], { cwd })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: an empty password/)
  expect(existsSync(join(cwd, 'data/users'))).toBe(false)
})

test('the configuration names the users file', async () => {
  const cwd = testFolder({ 'robustmq.yaml': 'access: { authenticators: [{ type: password, file: people }] }' })
  const added = await command(['user', 'add', 'bob', '--superuser', '--no-scram'], { cwd, input: 'secret' })
  expect(added.stdout).toBe(
    `added bob in ${join(cwd, 'people')}; a running server reads it again after SIGHUP: kill -HUP <pid>\n`,
  )
  expect((await command(['user', 'list', '--file', 'people'], { cwd })).stdout).toBe('bob  (superuser, no SCRAM)\n')
})
