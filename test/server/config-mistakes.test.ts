import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { certificates } from '../support/certificates.ts'
import { mistakes } from './support/config.ts'

test('an unknown key is told with its place and the nearest key', async () => {
  expect(await mistakes('log:\n  levle: info\n')).toEqual([
    'robustmq.yaml:2:3 log.levle: unknown key "levle"; did you mean "level"?',
  ])
})

test('an unknown key that resembles nothing is told with the keys there are', async () => {
  expect(await mistakes('queue:\n  colour: red\n')).toEqual([
    'robustmq.yaml:2:3 queue.colour: unknown key "colour"; known here: overflow',
  ])
})

test('a wrong value is told with the place of the value, what was expected and what was found', async () => {
  expect(await mistakes('log: { level: inof }')).toEqual([
    'robustmq.yaml:1:15 log.level: expected one of debug, info, warn, error, got "inof"; did you mean "info"?',
  ])
})

test('all mistakes are told at once', async () => {
  const yaml = `node:
  name: 5
listeners:
  plain: { port: 99999, transprot: tcp }
  other: { port: "1884" }
access:
  anonymous: sometimes
  rules:
    - effect: allow
      filters: [a/#/b]
      address: 10.0.0.0/40
    - action: publish
limits:
  connections: -1
  queueBytes: 64 parsecs
  delay: [1]
storage: { type: flie }
mqtt:
  maxPacket: 1B
  autoSubscribe: [{ filtre: x }]
`
  expect((await mistakes(yaml)).sort()).toEqual(
    [
      'robustmq.yaml:2:9 node.name: expected a text, got 5; put it in quotes',
      'robustmq.yaml:4:18 listeners.plain.port: expected at most 65535, got 99999',
      'robustmq.yaml:4:25 listeners.plain.transprot: unknown key "transprot"; did you mean "transport"?',
      'robustmq.yaml:5:18 listeners.other.port: expected a number, got "1884"',
      'robustmq.yaml:7:14 access.anonymous: expected one of never, loopback, always, got "sometimes"',
      'robustmq.yaml:10:17 access.rules[0].filters[0]: expected a topic filter: filter "a/#/b" has "#" elsewhere than alone as its last level, got "a/#/b"',
      'robustmq.yaml:11:16 access.rules[0].address: expected an IP address or a block such as 10.0.0.0/8, got "10.0.0.0/40"',
      'robustmq.yaml:12:7 access.rules[1].effect: required, but missing; expected one of allow, deny',
      'robustmq.yaml:14:16 limits.connections: expected at least 0, got -1',
      'robustmq.yaml:15:15 limits.queueBytes: expected a size such as 64KB or 1GB, got "64 parsecs"',
      'robustmq.yaml:16:10 limits.delay: expected a duration such as 30s or 1h30m, got a list',
      'robustmq.yaml:17:18 storage.type: expected one of file, memory, got "flie"; did you mean "file"?',
      'robustmq.yaml:19:14 mqtt.maxPacket: expected at least 1KB, got "1B"',
      'robustmq.yaml:20:19 mqtt.autoSubscribe[0].filter: required, but missing; expected a text',
      'robustmq.yaml:20:21 mqtt.autoSubscribe[0].filtre: unknown key "filtre"; did you mean "filter"?',
    ].sort(),
  )
})

test('broken YAML is told with its place', async () => {
  const told = await mistakes('log:\n  level: "info\nnode: {}\n')
  expect(told.length).toBeGreaterThan(0)
  expect(told[0]).toMatch(/^robustmq\.yaml:\d+:\d+ /)
})

test('a key given twice is a mistake at its second place', async () => {
  expect(await mistakes('log: {}\ndata: x\nlog: {}\n')).toEqual(['robustmq.yaml:3:1 Map keys must be unique'])
})

test('a tls listener without certificates is a mistake', async () => {
  expect(await mistakes('listeners:\n  secure: { transport: tls }\n')).toEqual([
    'robustmq.yaml:2:3 listeners.secure: expected certificates for tls: "tls" here or at the top',
  ])
})

describe('certificates', () => {
  /** `tls` at the top, of a listener and of `http`, each with the place of its first key. */
  const sections = [
    ['tls:\n  ', 'tls', 2],
    ['listeners:\n  secure:\n    transport: tls\n    tls:\n      ', 'listeners.secure.tls', 5],
    ['http:\n  tls:\n    ', 'http.tls', 3],
  ] as const

  const told = (before: string, lines: readonly string[], files: Readonly<Record<string, string>> = {}) =>
    mistakes(`${before}${lines.join(`\n${' '.repeat(before.length - before.lastIndexOf('\n') - 1)}`)}\n`, { files })

  test.each(sections)('files that cannot be read are mistakes, each at its place: %j', async (before, at, line) => {
    const column = before.length - before.lastIndexOf('\n')
    const found = await told(before, ['cert: no.pem', 'key: nor.pem'])
    expect(found).toHaveLength(2)
    expect(found[0]).toMatch(
      new RegExp(`^robustmq\\.yaml:${line}:${column + 6} ${at}\\.cert: .*no\\.pem" cannot be read: ENOENT$`),
    )
    expect(found[1]).toMatch(
      new RegExp(`^robustmq\\.yaml:${line + 1}:${column + 5} ${at}\\.key: .*nor\\.pem" cannot be read: ENOENT$`),
    )
  })

  test.each(sections)('files that are no PEM are mistakes, each at its place: %j', async (before, at, line) => {
    const column = before.length - before.lastIndexOf('\n')
    const { cert, key } = await certificates()
    const lines = ['cert: cert.pem', 'key: key.pem', 'ca: ca.pem']
    const files = { 'cert.pem': 'hello', 'key.pem': 'hello', 'ca.pem': 'hello' }
    const place = (row: number, name: string) =>
      `robustmq.yaml:${line + row}:${column + name.length + 2} ${at}.${name}: expected a PEM file with`
    expect(await told(before, lines, files)).toEqual([
      `${place(0, 'cert')} a certificate`,
      `${place(1, 'key')} a private key`,
      `${place(2, 'ca')} at least one certificate`,
    ])
    expect(await told(before, lines, { ...files, 'cert.pem': cert, 'key.pem': key })).toEqual([
      `${place(2, 'ca')} at least one certificate`,
    ])
  })

  test('a key of another certificate, and one that stays shut, are mistakes that say what to do', async () => {
    const { cert } = await certificates()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const shut = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
    const files = { 'cert.pem': cert, 'key.pem': pem }
    const lines = ['cert: cert.pem', 'key: key.pem']
    expect(await told('http:\n  tls:\n    ', lines, files)).toEqual([
      'robustmq.yaml:4:10 http.tls.key: expected the private key of the certificate in `cert`, but this is of another one',
    ])
    const sealed = { 'cert.pem': cert, 'key.pem': shut.toString() }
    expect(await told('http:\n  tls:\n    ', lines, sealed)).toEqual([
      'robustmq.yaml:4:10 http.tls.key: this private key is encrypted: set `passphrase` beside it',
    ])
    expect(await told('http:\n  tls:\n    ', [...lines, 'passphrase: "not it"'], sealed)).toEqual([
      'robustmq.yaml:4:10 http.tls.key: this private key cannot be opened with the `passphrase` beside it',
    ])
  })
})

test('two listeners on one port are a mistake', async () => {
  expect(await mistakes('listeners:\n  a: {}\n  b:\n    port: 1883\n')).toEqual([
    'robustmq.yaml:4:11 listeners.b.port: expected a free port, but 1883 is taken by listener "a"',
  ])
})

test('raw handles of another transport than tcp are a mistake', async () => {
  expect(await mistakes('listeners:\n  a:\n    transport: ws\n    rawHandles: true\n')).toEqual([
    'robustmq.yaml:4:17 listeners.a.rawHandles: expected transport tcp, which alone has raw handles, instead of ws',
  ])
})

test('listeners that are written but empty never mean the standard ones', async () => {
  expect(await mistakes('listeners:\n')).toEqual([
    'robustmq.yaml:1:1 listeners: expected at least one listener, got none',
  ])
})

test.each(['constructor', 'toString'])('%s is an unknown key like any other', async key => {
  expect(await mistakes(`log:\n  ${key}: {}\n`)).toEqual([
    `robustmq.yaml:2:3 log.${key}: unknown key "${key}"; known here: level, format`,
  ])
})

test('__proto__ is refused as a key, also where names are free', async () => {
  const refused = 'expected another key than "__proto__"'
  expect(await mistakes('log:\n  __proto__: {}\n')).toEqual([`robustmq.yaml:2:3 log: ${refused}`])
  expect(await mistakes('listeners:\n  __proto__: {}\n')).toEqual([`robustmq.yaml:2:3 listeners: ${refused}`])
})

test('a ban names exactly one kind of thing, and names it well', async () => {
  const bans = [
    '{ until: 2030-01-01 }',
    '{ clientId: a, user: b }',
    '{ address: 10.0.0 }',
    '{ addressBlock: 10.0.0.0/33 }',
    '{ user: a, until: tomorrow }',
    '{ user: a, until: 2030-01-01T10:00 }',
  ]
  expect(await mistakes(`access:\n  bans:\n${bans.map(ban => `    - ${ban}\n`).join('')}`)).toEqual([
    'robustmq.yaml:3:7 access.bans[0]: expected exactly one of clientId, clientIdPattern, user, userPattern, address, addressBlock, got a section of keys and values',
    'robustmq.yaml:4:7 access.bans[1]: expected exactly one of clientId, clientIdPattern, user, userPattern, address, addressBlock, got a section of keys and values',
    'robustmq.yaml:5:18 access.bans[2].address: expected what a ban can name: "10.0.0" is not an IP address, got "10.0.0"',
    'robustmq.yaml:6:23 access.bans[3].addressBlock: expected what a ban can name: "10.0.0.0/33" is not a CIDR block, got "10.0.0.0/33"',
    'robustmq.yaml:7:25 access.bans[4].until: expected a date such as 2030-12-31, or a time with its zone such as 2030-12-31T18:00:00Z, got "tomorrow"',
    'robustmq.yaml:8:25 access.bans[5].until: expected a date such as 2030-12-31, or a time with its zone such as 2030-12-31T18:00:00Z, got "2030-01-01T10:00"',
  ])
})

test('a small file that unfolds to a huge tree is refused', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  const told = await mistakes(lines.join('\n'))
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThan(20)
})

test('a configuration that is a list or a text is refused', async () => {
  expect(await mistakes('- a\n')).toEqual([
    'robustmq.yaml:1:1 expected keys and values, such as "log:" and below it "  level: info"',
  ])
})

test('a named file that is not there is a mistake, not a default', async () => {
  const { loadConfig } = await import('../../server/config/index.ts')
  const { describedCatalogue } = await import('./support/catalogue.ts')
  const { catalogue } = describedCatalogue()
  await expect(loadConfig({ file: 'absent.yaml', catalogue, environment: {} })).rejects.toThrow(
    'absent.yaml there is no such file',
  )
})
