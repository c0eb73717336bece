import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { type ConnectOptions, wire } from '../support/wire.ts'
import { testFolder } from './support/config.ts'
import { command, freePorts, portOf, ServerProcess } from './support/robust-server.ts'

/** One for each way in which a secret comes to the server: found anywhere, it tells which leaked. */
const canary = {
  password: 'canary-password-4f1a',
  wrong: 'canary-wrong-password-9b2c',
  passphrase: 'canary-passphrase-77d0',
  jwtSecret: 'canary-jwt-secret-that-is-long-enough-5e3d',
  jwtFile: 'canary-jwt-in-a-file-that-is-long-enough-c21f',
  urlUser: 'canary-url-user-a81b',
  urlPassword: 'canary-url%40password-0c4e',
  urlKey: 'canary-url-key-63fa',
  keySetKey: 'canary-key-set-key-b95d',
  header: 'canary-header-18ce',
  payload: 'canary-payload-d3a7',
} as const

/** Those of bridges, given while the server runs. */
const bridgeCanary = {
  password: 'canary-bridge-password-6e2b',
  header: 'canary-bridge-header-e07d',
  tried: 'canary-bridge-tried-51ac',
} as const

/** As it was given, and as it may look after it was decoded or put into a header. */
function forms(secret: string): string[] {
  const decoded = decodeURIComponent(secret)
  return [secret, decoded, Buffer.from(decoded).toString('base64').slice(0, -4), Buffer.from(decoded).toString('hex')]
}

function leaks(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    forms(secret).some(form => text.includes(form)) ? [name] : [],
  )
}

/** The back end's answers, in turn: what is refused, what is no answer, what lets in. */
async function backEnd(): Promise<string> {
  const answers = ['{"result":"deny"}', '{"result":', '{"result":"allow"}']
  let asked = 0
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(asked === 1 ? 500 : 200).end(answers[asked++ % answers.length])
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A key that needs its passphrase, and its certificate. */
function encryptedKey(cwd: string): void {
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-passout', `pass:${canary.passphrase}`]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', 'key.pem', '-out', 'cert.pem', ...subject],
    {
      cwd,
      stdio: 'ignore',
    },
  )
}

/** Every way to give a secret: in the file, by the environment, in a file beside it, in an address, by the command. */
function configuration(address: string): string {
  return `
data: data
log: { level: debug, format: json }
tls: { cert: cert.pem, key: key.pem, passphrase: "\${env:PASSPHRASE}" }
listeners:
  tcp: { transport: tcp, port: 0, host: 127.0.0.1 }
  ws: { transport: ws, port: 0, host: 127.0.0.1 }
  tls: { transport: tls, port: 0, host: 127.0.0.1 }
access:
  anonymous: never
  authenticators:
    - { type: password, file: users }
    - { type: jwt, secret: "${canary.jwtSecret}", from: user }
    - { type: jwt, secret: "\${file:jwt-secret}" }
    - { type: jwt, jwksUrl: "http://${address}/keys?key=${canary.keySetKey}" }
    - type: http
      url: "http://${canary.urlUser}:${canary.urlPassword}@${address}/auth?key=${canary.urlKey}"
      headers: { x-api-key: "${canary.header}" }
`
}

function folder(address: string): string {
  const cwd = testFolder({ 'robustmq.yaml': configuration(address), 'jwt-secret': `${canary.jwtFile}\n` })
  encryptedKey(cwd)
  return cwd
}

const environment = { ...freePorts, PASSPHRASE: canary.passphrase }

/** All bytes of all files below, but of one. */
function contents(directory: string, except?: string): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(name => name !== except)
    .map(name => join(directory, name))
    .filter(path => statSync(path).isFile())
    .map(path => readFileSync(path, 'latin1'))
    .join('\n')
}

test('no secret gets into the log at its most talkative, the status topics, or the data, whatever logins do [hostile 33] [hostile 53]', async () => {
  const cwd = folder(await backEnd())
  await command(['user', 'add', 'alice'], { cwd, environment, input: canary.password })
  const server = new ServerProcess(['start'], { cwd, environment })
  const ready = await server.line('ready')
  const exp = Math.floor(Date.now() / 1_000) + 600
  const sign = (secret: string) =>
    new SignJWT({ sub: 'bearer', exp }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret))
  const [userToken, fileToken] = [await sign(canary.jwtSecret), await sign(canary.jwtFile)]
  const forged = `${userToken.slice(0, -8)}AAAAAAAA`

  const login = async (listener: string, options: ConnectOptions): Promise<number | undefined> => {
    await using one = await wire(portOf(ready, listener), { version: 5, transport: listener as 'tcp' | 'ws' })
    const { reasonCode } = await one.connect({ properties: { sessionExpiryInterval: 600 }, clean: false, ...options })
    if (reasonCode !== 0) return reasonCode
    await one.subscribe([{ topic: '#', qos: 1 }, { topic: '$events/#' }, { topic: '$SYS/#' }])
    await one.publish('t', canary.payload, { qos: 1, retain: true })
    const seen = one.received.filter(packet => packet.cmd === 'publish' && packet.topic.startsWith('$'))
    told.push(JSON.stringify(seen.map(packet => (packet as { text?: string }).text)))
    return reasonCode
  }
  const told: string[] = []
  for (const listener of ['tcp', 'ws']) {
    const name = (what: string) => ({ clientId: `${listener}-${what}` })
    expect(await login(listener, { ...name('good'), username: 'alice', password: canary.password })).toBe(0)
    expect(await login(listener, { ...name('bad'), username: 'alice', password: canary.wrong })).toBe(0x86)
    expect(await login(listener, { ...name('token'), username: userToken })).toBe(0)
    expect(await login(listener, { ...name('file-token'), username: 'x', password: fileToken })).toBe(0)
    expect(await login(listener, { ...name('forged'), username: forged, password: canary.wrong })).not.toBe(0)
    for (const round of [1, 2, 3])
      await login(listener, { ...name(`http-${round}`), username: 'nobody', password: canary.wrong })
  }
  server.kill('SIGHUP')
  await server.line('configuration reloaded')
  server.kill('SIGTERM')
  const { stdout, stderr } = await server.exited

  const { payload, ...secrets } = {
    ...canary,
    userToken: userToken.slice(-30),
    fileToken: fileToken.slice(-30),
    forged: forged.slice(0, 60),
  }
  expect(leaks(stdout + stderr, { ...secrets, payload })).toEqual([])
  expect(leaks(told.join('\n'), secrets)).toEqual([])
  expect(leaks(contents(join(cwd, 'data')), secrets)).toEqual([])
  expect(leaks(readFileSync(join(cwd, 'users'), 'utf8'), secrets)).toEqual([])
  // The search finds what is there: the message was stored.
  expect(leaks(contents(join(cwd, 'data')), { payload })).toEqual(['payload'])
})

test('a secret of a connection that is made while the server runs is in the file of settings, and nowhere else [hostile 33]', async () => {
  const address = await backEnd()
  const cwd = testFolder({ 'robustmq.yaml': 'data: data\nlog: { level: debug, format: json }\nhttp: { port: 0 }\n' })
  const server = new ServerProcess(['start'], { cwd, environment: freePorts })
  const { http } = await server.line('ready')
  const told: string[] = []
  const call = async (method: string, path: string, body?: object): Promise<number> => {
    const answer = await fetch(`${String(http)}/api/v1${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    told.push(await answer.text())
    return answer.status
  }
  const { password, header, tried } = bridgeCanary
  const hook = { type: 'http', url: `http://${address}/`, headers: { authorization: `Bearer ${header}` } }
  const away = { type: 'mqtt', url: 'mqtt://127.0.0.1:9', username: 'site', password }
  expect(await call('POST', '/connections/tried/try', { ...away, password: tried })).toBe(200)
  expect(await call('PUT', '/connections/hook', hook)).toBe(200)
  expect(await call('PATCH', '/config', { values: { 'connections.away': away } })).toBe(200)
  expect(await call('PUT', '/bridges/up', { egress: 'up/#', to: { connection: 'away' } })).toBe(200)
  expect(await call('PUT', '/bridges/out', { egress: 'up/#', to: { connection: 'hook' } })).toBe(200)
  // Mistakes that are told with what they are about.
  expect(await call('PUT', '/connections/hook', { ...hook, headers: { authorization: [header] } })).toBe(400)
  expect(await call('PUT', '/connections/hook', { ...hook, url: `http://user:${password}@${address}/` })).toBe(400)
  expect(await call('PUT', '/connections/away', { ...away, password: { is: password } })).toBe(400)
  expect(await call('PATCH', '/config', { values: { 'connections.away': { ...away, pasword: password } } })).toBe(400)
  expect(await call('POST', '/connections/away/test')).toBe(200)
  expect(await call('POST', '/publish', { topic: 'up/a', payload: 'x', qos: 1 })).toBe(200)
  for (const path of ['/config', '/connections', '/connections/away', '/bridges', '/bridges/up/config', '/audit'])
    expect(await call('GET', path)).toBe(200)
  server.kill('SIGHUP')
  await server.line('configuration reloaded')
  server.kill('SIGTERM')
  const { stdout, stderr } = await server.exited
  const shown = await command(['config', 'show'], { cwd, environment: freePorts })

  expect(leaks(told.join('\n'), bridgeCanary)).toEqual([])
  expect(leaks(stdout + stderr, bridgeCanary)).toEqual([])
  expect([shown.code, leaks(shown.stdout + shown.stderr, bridgeCanary)]).toEqual([0, []])
  expect(shown.stdout).toContain('connections.away.password')
  expect(leaks(contents(join(cwd, 'data'), 'settings.json'), bridgeCanary)).toEqual([])
  const settings = join(cwd, 'data', 'settings.json')
  expect(statSync(settings).mode & 0o777).toBe(0o600)
  // The search finds what is there: a server that starts again needs it.
  expect(leaks(readFileSync(settings, 'utf8'), bridgeCanary)).toEqual(['password', 'header'])
})

test.each([['show'], ['check']])(
  'config %s tells no secret, of a configuration that is right or wrong [hostile 33]',
  async what => {
    const cwd = folder('127.0.0.1:9')
    writeFileSync(join(cwd, 'users'), '')
    const right = await command(['config', what], { cwd, environment })
    expect([right.code, leaks(right.stdout + right.stderr, canary)]).toEqual([0, []])
    const wrong = configuration('127.0.0.1:9')
      .replace('from: user', 'from: nowhere')
      .replace(/x-api-key: "([^"]*)"/, 'x-api-key: ["$1"]')
      .replace(/url: "([^"]*)"/, 'url: { at: "$1" }')
    writeFileSync(join(cwd, 'robustmq.yaml'), wrong)
    const refused = await command(['config', what], { cwd, environment })
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('authenticators')
    expect(leaks(refused.stdout + refused.stderr, canary)).toEqual([])
  },
)

test.each([
  ['a passphrase that is wrong', (text: string) => text, { PASSPHRASE: `${canary.passphrase}-not` }],
  ['a shared secret that is short', (text: string) => text.replace(canary.jwtSecret, canary.urlKey), {}],
  ['an address that is none', (text: string) => text.replace('url: "http:', 'url: "ftp:'), {}],
  ['a header that HTTP forbids', (text: string) => text.replace(canary.header, `${canary.header}\\nx`), {}],
  [
    'an address of keys with a password',
    (text: string) => text.replace('jwksUrl: "http://', `jwksUrl: "http://u:${canary.urlPassword}@`),
    {},
  ],
])('a start that fails for %s does not tell it [hostile 33]', async (_, spoil, others) => {
  const cwd = folder('127.0.0.1:9')
  writeFileSync(join(cwd, 'users'), '')
  writeFileSync(join(cwd, 'robustmq.yaml'), spoil(configuration('127.0.0.1:9')))
  const { code, stdout, stderr } = await new ServerProcess(['start'], {
    cwd,
    environment: { ...environment, ...others },
  }).exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: /)
  expect(leaks(stdout + stderr, canary)).toEqual([])
})
