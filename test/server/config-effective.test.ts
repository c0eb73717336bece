import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  accessOptions,
  effectiveConfig,
  formatEffective,
  loadConfig,
  mask,
  secretTexts,
} from '../../server/config/index.ts'
import { certificates } from '../support/certificates.ts'
import { describedCatalogue } from './support/catalogue.ts'
import { load, mistakes, testFolder } from './support/config.ts'

test('without a configuration, plain listeners are opened and anonymous clients come from loopback only', async () => {
  const { config, folder } = await load(undefined)
  expect(config.listeners).toMatchObject({
    tcp: { protocol: 'mqtt', transport: 'tcp', port: 1883 },
    ws: { protocol: 'mqtt', transport: 'ws', port: 8083 },
  })
  expect(Object.keys(config.listeners)).toEqual(['tcp', 'ws'])
  expect(config.access.anonymous).toBe('loopback')
  expect(config.storage).toEqual({ type: 'file', directory: join(folder, 'data'), sync: 'always' })
})

test('the port of a TLS listener that certificates open can be set by the environment alone', async () => {
  const { cert, key } = await certificates()
  const { config } = await load('tls: { cert: cert.pem, key: key.pem }', {
    files: { 'cert.pem': cert, 'key.pem': key },
    environment: { ROBUSTMQ__LISTENERS__TLS__PORT: '9999', ROBUSTMQ__LISTENERS__WSS__HOST: '127.0.0.1' },
  })
  expect(config.listeners.tls).toMatchObject({ transport: 'tls', port: 9999 })
  expect(config.listeners.wss).toMatchObject({ transport: 'wss', port: 8084, host: '127.0.0.1' })
})

test('durations and sizes become ms and bytes', async () => {
  const { config } = await load(
    'limits: { queueBytes: 64KB, delay: 1h30m, sessionExpiry: 90 }\nmqtt: { maxPacket: 1.5MB, keepAlive: 30s }',
  )
  expect(config.limits).toMatchObject({ queueBytes: 65_536, delay: 5_400_000, sessionExpiry: 90 })
  expect(config.mqtt).toMatchObject({ maxPacket: 1_572_864, keepAlive: 30_000 })
})

test('paths are relative to the configuration file', async () => {
  const folder = testFolder({ 'robustmq.yaml': 'data: here' })
  const { catalogue } = describedCatalogue()
  const { config } = await loadConfig({ file: join(folder, 'robustmq.yaml'), catalogue, environment: {}, cwd: '/' })
  expect(config.data).toBe(join(folder, 'here'))
})

test('an environment variable wins over the file, whatever the case and the underscores of its name', async () => {
  const environment = {
    ROBUSTMQ__NODE__NAME: '7',
    ROBUSTMQ__LOG__LEVEL: 'warn',
    ROBUSTMQ__ACCESS__NO_MATCH: 'deny',
    ROBUSTMQ__LIMITS__QUEUEBYTES: '1KB',
    ROBUSTMQ__LISTENERS__TCP__PORT: '1999',
    ROBUSTMQ__LISTENERS__TCP__PROXY_FROM: '["10.0.0.0/8"]',
    ROBUSTMQ__MQTT__MAX_PACKET: '4096',
  }
  const { config } = await load('log: { level: debug }', { environment })
  expect(config.node.name).toBe('7')
  expect(config.log.level).toBe('warn')
  expect(config.access.noMatch).toBe('deny')
  expect(config.limits.queueBytes).toBe(1024)
  expect(config.listeners.tcp).toMatchObject({ port: 1999, proxyFrom: ['10.0.0.0/8'] })
  expect(config.listeners.ws).toMatchObject({ port: 8083 })
  expect(config.mqtt).toMatchObject({ maxPacket: 4096 })
})

test('lists are set from the environment by index or as JSON', async () => {
  const environment = {
    ROBUSTMQ__ACCESS__RULES: '[{"effect":"allow","user":"a"},{"effect":"deny"}]',
    ROBUSTMQ__ACCESS__RULES__1__USER: 'b',
    ROBUSTMQ__ACCESS__RULES__2__EFFECT: 'allow',
    ROBUSTMQ__ACCESS__AUTHENTICATORS__0__SECRET: 'twelve-bytes',
    ROBUSTMQ__ACCESS__AUTHENTICATORS__0__TYPE: 'jwt',
  }
  const { config } = await load(undefined, { environment })
  expect(config.access.rules).toEqual([
    { effect: 'allow', action: 'all', user: 'a' },
    { effect: 'deny', action: 'all', user: 'b' },
    { effect: 'allow', action: 'all' },
  ])
  expect(config.access.authenticators).toEqual([{ type: 'jwt', secret: 'twelve-bytes' }])
})

test('the environment may choose another plugin than the file did', async () => {
  const environment = { ROBUSTMQ__STORAGE__TYPE: 'memory' }
  expect((await load(undefined, { environment })).config.storage).toEqual({ type: 'memory' })
})

test('mistakes of the environment are told with the name of the variable', async () => {
  const environment = {
    ROBUSTMQ__LOG__LEVLE: 'info',
    ROBUSTMQ__LISTENERS__TCP__PORT: 'many',
    ROBUSTMQ__ACCESS__RULES: '[oops',
    ROBUSTMQ__ACCESS__AUTHENTICATORS__3__TYPE: 'jwt',
    ROBUSTMQ__NODE____NAME: 'x',
  }
  expect((await mistakes(undefined, { environment })).sort()).toEqual([
    'env ROBUSTMQ__ACCESS__AUTHENTICATORS__3__TYPE access.authenticators: expected an index up to 0: the list has 0 elements',
    'env ROBUSTMQ__ACCESS__RULES access.rules: expected JSON, such as ["a", "b"]',
    'env ROBUSTMQ__LISTENERS__TCP__PORT listeners.tcp.port: expected a number, got "many"',
    'env ROBUSTMQ__LOG__LEVLE log: unknown key "LEVLE"; did you mean "level"?',
    'env ROBUSTMQ__NODE____NAME node: expected a name between two pairs of underscores',
  ])
})

test('flags win over the environment, and --port moves the first tcp listener', async () => {
  const environment = { ROBUSTMQ__DATA: '/elsewhere', ROBUSTMQ__LOG__LEVEL: 'warn' }
  const flags = { data: 'flagged', port: '0', logLevel: 'debug' }
  const { config, folder } = await load('listeners: { w: { transport: ws }, t: { port: 5 } }', { environment, flags })
  expect(config.data).toBe(join(folder, 'flagged'))
  expect(config.log.level).toBe('debug')
  expect(config.listeners.t).toMatchObject({ port: 0 })
  expect(await mistakes(undefined, { flags: { port: 'x', logLevel: 'loud' } })).toEqual([
    '--port listeners.tcp.port: expected a number, got "x"',
    '--log-level log.level: expected one of debug, info, warn, error, got "loud"',
  ])
})

test('only plugins in use are loaded', async () => {
  const { catalogue, loaded } = describedCatalogue()
  const folder = testFolder({ 'robustmq.yaml': 'storage: { type: memory }' })
  await loadConfig({ catalogue, environment: {}, cwd: folder })
  expect(loaded.sort()).toEqual(['memory', 'mqtt'])
})

test('show tells the value of every key and where it came from', async () => {
  const loaded = await load('limits:\n  queueBytes: 64KB\nlisteners:\n  a:\n    port: 7\n', {
    environment: { ROBUSTMQ__LIMITS__DELAY: '90s' },
    flags: { logLevel: 'debug' },
  })
  const entries = effectiveConfig(loaded)
  const of = (path: string) => entries.find(entry => entry.path === path)
  expect(of('limits.queueBytes')).toEqual({ path: 'limits.queueBytes', value: '64KB', from: 'robustmq.yaml:2:15' })
  expect(of('limits.delay')).toEqual({ path: 'limits.delay', value: '1m30s', from: 'env ROBUSTMQ__LIMITS__DELAY' })
  expect(of('limits.topicLevels')).toEqual({ path: 'limits.topicLevels', value: '128', from: 'default' })
  expect(of('log.level')).toEqual({ path: 'log.level', value: 'debug', from: '--log-level' })
  expect(of('listeners.a.port')).toEqual({ path: 'listeners.a.port', value: '7', from: 'robustmq.yaml:5:11' })
  expect(of('listeners.a.transport')).toEqual({ path: 'listeners.a.transport', value: 'tcp', from: 'default' })
  expect(of('mqtt.maxPacket')).toEqual({ path: 'mqtt.maxPacket', value: '2MB', from: 'default' })
  expect(of('storage.type')).toEqual({ path: 'storage.type', value: 'file', from: 'default' })
  expect(formatEffective(entries)).toContain('# env ROBUSTMQ__LIMITS__DELAY')
})

const canary = 'c4n4ry-7f3a'

test('what came from ${env} or ${file}, or is marked secret, is never shown and known to the log', async () => {
  const loaded = await load(
    `node: { name: "\${env:NAME}" }
access:
  authenticators:
    - type: jwt
      secret: pre-\${file:secret.txt}-post
      keys: { a: in-the-file-${canary} }
    - { type: password, file: "\${env:USERS}" }
`,
    {
      files: { 'secret.txt': `file-${canary}\n` },
      environment: {
        NAME: `name-${canary}`,
        USERS: `/users-${canary}`,
        ROBUSTMQ__ACCESS__AUTHENTICATORS__0__KEYS__B: `env-${canary}`,
      },
    },
  )
  expect(loaded.config.node.name).toBe(`name-${canary}`)
  expect(loaded.config.access.authenticators[0]).toEqual({
    type: 'jwt',
    secret: `pre-file-${canary}-post`,
    keys: { a: `in-the-file-${canary}`, b: `env-${canary}` },
  })
  const shown = formatEffective(effectiveConfig(loaded))
  expect(shown).not.toContain(canary)
  expect(shown.split(mask).length - 1).toBe(5)
  expect([...secretTexts(loaded)]).toEqual(
    expect.arrayContaining([`name-${canary}`, `file-${canary}`, `in-the-file-${canary}`, `env-${canary}`]),
  )
})

test('a mistake about a secret does not tell it', async () => {
  const told = await mistakes(
    `log: { level: "\${env:LEVEL}" }
access:
  anonymous: \${file:secret.txt}
  authenticators: [{ type: jwt, secret: "${canary.slice(0, 7)}" }, { type: jwt, keys: { a: [${canary}] } }]
limits: { delay: "\${env:LEVEL}" }
tls: { cert: "\${env:LEVEL}", key: "\${env:LEVEL}" }
`,
    {
      files: { 'secret.txt': canary },
      environment: { LEVEL: canary, ROBUSTMQ__ACCESS__AUTHENTICATORS__0__KEYS: canary },
    },
  )
  expect(told.length).toBeGreaterThanOrEqual(7)
  expect(told.join('\n')).not.toContain(canary.slice(0, 7))
  expect(told).toContain(
    'robustmq.yaml:1:15 log.level: expected one of debug, info, warn, error, got another (its value is secret)',
  )
})

test('a secret that cannot be had is a mistake at its place, told once', async () => {
  expect(await mistakes('node:\n  name: "${env:NONE}"\ndata: ${file:none.txt}\n')).toEqual(
    expect.arrayContaining([
      'robustmq.yaml:2:9 node.name: expected a value for ${env:NONE}, but the environment variable "NONE" is not set',
      'robustmq.yaml:3:7 data: expected a value for ${file:none.txt}, but "none.txt" cannot be read: ENOENT',
    ]),
  )
})

test('interpolated texts become the type their key wants', async () => {
  const { config } = await load('listeners: { a: { port: "${env:PORT}" } }', { environment: { PORT: '4321' } })
  expect(config.listeners.a).toMatchObject({ port: 4321 })
})

test('other ${...} and escaped references are left alone', async () => {
  const filter = 'x/${clientid}/$${env:A}/$${clientid}/${env:B}'
  const { config } = await load(`mqtt: { autoSubscribe: [{ filter: "${filter}" }] }`, { environment: { B: 'b' } })
  expect(config.mqtt).toMatchObject({ autoSubscribe: [{ filter: 'x/${clientid}/${env:A}/$${clientid}/b' }] })
})

test('no rules is not the same as an empty list of rules, which denies', async () => {
  const none = accessOptions(await load(undefined))
  const empty = accessOptions(await load('access: { rules: [] }'))
  expect(none).not.toHaveProperty('rules')
  expect(empty.rules).toEqual([])
  expect(await mistakes('access:\n  rules:\n')).toEqual([
    'robustmq.yaml:2:9 access.rules: expected a list, got nothing',
  ])
})
