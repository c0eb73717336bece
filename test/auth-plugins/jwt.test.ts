import { createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JWTPayload } from 'jose'
import { exportJWK, exportSPKI, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JwtOptions } from '../../auth-plugins/jwt/index.ts'
import { jwt } from '../../auth-plugins/jwt/index.ts'
import { maxKeySetBytes } from '../../auth-plugins/jwt/token-verifier.ts'
import type { AuthHost, Credentials, Logger, Peer } from '../../kernel/plugin.ts'
import { authSuite } from '../conformance/auth.ts'
import { ManualClock } from '../support/clock.ts'

const peer: Peer = { address: '192.0.2.1', port: 1, loopback: false, secure: false, certificate: undefined }
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const secret = 'a secret of more than sixty-four bytes, so that HS512 can be used too'
const clock = new ManualClock()
const host: AuthHost = { clock, logger: silent }
const seconds = Math.floor(clock.now() / 1_000)

let directory: string
let serial = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'jwt-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function written(text: string): Promise<string> {
  serial += 1
  const path = join(directory, `file-${serial}`)
  await writeFile(path, text)
  return path
}

function sign(
  claims: JWTPayload,
  key: Parameters<SignJWT['sign']>[0] = Buffer.from(secret),
  alg = 'HS256',
  kid?: string,
) {
  return new SignJWT({ sub: 'ann', exp: seconds + 60, ...claims })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .sign(key)
}

/** A token whose header and signature are made by hand, for what jose refuses to sign. */
function forge(header: object, claims: object, signature: (input: string) => string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${signature(input)}`
}

function bearing(token: string): Credentials {
  return { clientId: 'c', user: 'whatever', password: Buffer.from(token) }
}

async function judge(options: JwtOptions, token: string) {
  return (await jwt.open(host, options)).authenticate(bearing(token), peer)
}

authSuite(jwt, async suiteHost => {
  const now = Math.floor(suiteHost.clock.now() / 1_000)
  const token = await sign({ exp: now + 600, acl: [{ permission: 'allow', action: 'all', topic: 'a/%u/#' }] })
  return {
    authenticator: await jwt.open(suiteHost, { secret }),
    good: bearing(token),
    user: 'ann',
    bad: bearing(`${token.slice(0, -4)}AAAA`),
    secrets: [secret],
  }
})

test('claims become the identity', async () => {
  const token = await sign({
    org: 'acme',
    admin: true,
    acl: [
      { permission: 'allow', action: 'publish', topic: 'a/#' },
      { effect: 'deny', filters: ['b', 'c'] },
    ],
  })
  expect(await judge({ secret, tenantClaim: 'org', superuserClaim: 'admin' }, token)).toEqual({
    user: 'ann',
    tenant: 'acme',
    superuser: true,
    rules: [
      { effect: 'allow', action: 'publish', filters: ['a/#'] },
      { effect: 'deny', action: 'all', filters: ['b', 'c'] },
    ],
    expiresAt: (seconds + 60) * 1_000,
  })
})

test('no token makes a superuser unless the configuration names the claim, and only true does', async () => {
  const token = await sign({ superuser: true, admin: 'true' })
  expect(await judge({ secret }, token)).toMatchObject({ superuser: false })
  expect(await judge({ secret, superuserClaim: 'admin' }, token)).toMatchObject({ superuser: false })
})

test('the user is whom the token names, not what the client calls itself', async () => {
  expect(await judge({ secret, userClaim: 'name' }, await sign({ name: 'bob' }))).toMatchObject({ user: 'bob' })
})

test('a token can come as the user name', async () => {
  const auth = await jwt.open(host, { secret, from: 'user' })
  const user = await sign({})
  expect(await auth.authenticate({ clientId: 'c', user, password: undefined }, peer)).toMatchObject({ user: 'ann' })
})

test.each<[string, JwtOptions, JWTPayload]>([
  ['expired', { secret }, { exp: seconds - 1 }],
  ['not yet valid', { secret }, { nbf: seconds + 10 }],
  ['of another issuer', { secret, issuer: 'us' }, { iss: 'them' }],
  ['without the issuer', { secret, issuer: 'us' }, {}],
  ['for another audience', { secret, audience: 'broker' }, { aud: ['web'] }],
  ['without a user', { secret, userClaim: 'name' }, {}],
  ['with a user that is no string', { secret, userClaim: 'n' }, { n: 7 }],
  ['with a user of control characters', { secret, userClaim: 'n' }, { n: 'a\nb' }],
  ['with an inherited name for a user', { secret, userClaim: 'constructor' }, {}],
  ['without the tenant', { secret, tenantClaim: 'org' }, {}],
  ['with an acl that is no list', { secret }, { acl: {} }],
  ['with an acl of an unknown effect', { secret }, { acl: [{ permission: 'maybe', topic: 'a' }] }],
  ['with an acl of an unknown action', { secret }, { acl: [{ permission: 'deny', action: 'read', topic: 'a' }] }],
  ['with an acl of an unknown field', { secret }, { acl: [{ permission: 'deny', topc: 'a' }] }],
  ['with an acl of a topic that is no string', { secret }, { acl: [{ permission: 'deny', topic: [1] }] }],
])('a token %s is denied', async (_, options, claims) => {
  expect(await judge(options, await sign(claims))).toBe('denied')
})

test('a token without an end is denied unless the configuration takes it', async () => {
  const token = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret))
  expect(await judge({ secret }, token)).toBe('denied')
  expect(await judge({ secret, requireExpiry: false }, token)).toEqual({ user: 'ann', superuser: false })
})

test('clocks may differ by the tolerance, and the connection then ends that much later', async () => {
  const token = await sign({ exp: seconds - 1 })
  expect(await judge({ secret, clockTolerance: 5_000 }, token)).toMatchObject({ expiresAt: (seconds + 4) * 1_000 })
})

test('what does not look like a token is left to the next in the chain', async () => {
  for (const text of ['', 'hunter2', 'a.b', 'a.b.c.d', 'ey!.b.c']) expect(await judge({ secret }, text)).toBe('unknown')
})

test('a token longer than the limit is denied unread', async () => {
  expect(await judge({ secret }, await sign({ pad: 'x'.repeat(20_000) }))).toBe('denied')
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const curves = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
}

test.each(['HS256', 'HS384', 'HS512'])('%s tokens are verified with the secret', async alg => {
  expect(await judge({ secret }, await sign({}, Buffer.from(secret), alg))).toMatchObject({ user: 'ann' })
  expect(await judge({ secret }, await sign({}, Buffer.from(secret.toUpperCase()), alg))).toBe('denied')
})

test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])(
  '%s tokens are verified with an RSA key',
  async alg => {
    const publicKey = await written(await exportSPKI(rsa.publicKey))
    expect(await judge({ publicKey }, await sign({}, rsa.privateKey, alg))).toMatchObject({ user: 'ann' })
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    expect(await judge({ publicKey }, await sign({}, other.privateKey, alg))).toBe('denied')
  },
)

test.each(['ES256', 'ES384', 'ES512'] as const)('%s tokens are verified with a key of their curve', async alg => {
  const publicKey = await written(await exportSPKI(curves[alg].publicKey))
  expect(await judge({ publicKey }, await sign({}, curves[alg].privateKey, alg))).toMatchObject({ user: 'ann' })
  const other = generateKeyPairSync('ec', {
    namedCurve: alg === 'ES256' ? 'P-256' : alg === 'ES384' ? 'P-384' : 'P-521',
  })
  expect(await judge({ publicKey }, await sign({}, other.privateKey, alg))).toBe('denied')
})

test('a token signed with the public key as if it were a secret is denied', async () => {
  const pem = await exportSPKI(rsa.publicKey)
  const claims = { sub: 'ann', exp: seconds + 60 }
  for (const key of [pem, pem.trim(), rsa.publicKey.export({ type: 'spki', format: 'der' })]) {
    const forged = forge({ alg: 'HS256', typ: 'JWT' }, claims, input =>
      createHmac('sha256', key).update(input).digest('base64url'),
    )
    expect(await judge({ publicKey: await written(pem) }, forged)).toBe('denied')
  }
})

test.each(['none', 'None', 'NONE', ''])('a token without a signature is denied: alg %j', async alg => {
  const forged = forge({ alg }, { sub: 'ann', exp: seconds + 60 }, () => '')
  expect(await judge({ secret }, forged)).toBe('denied')
})

test('a key that the token brings along is not used', async () => {
  const jwk = await exportJWK(rsa.publicKey)
  const token = await new SignJWT({ sub: 'root', exp: seconds + 60 })
    .setProtectedHeader({ alg: 'RS256', jwk, jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' })
    .sign(rsa.privateKey)
  const publicKey = await written(await exportSPKI(curves.ES256.publicKey))
  expect(await judge({ publicKey }, token)).toBe('denied')
  expect(await judge({ secret }, token)).toBe('denied')
})

test('the configuration can narrow the algorithms, and cannot widen them', async () => {
  expect(await judge({ secret, algorithms: ['HS512'] }, await sign({}))).toBe('denied')
  const publicKey = await written(await exportSPKI(rsa.publicKey))
  await expect(jwt.open(host, { publicKey, algorithms: ['HS256'] })).rejects.toThrow('do not fit the key')
})

test.each<[JwtOptions, string]>([
  [{}, 'exactly one of'],
  [{ secret, jwksUrl: 'https://example.com' }, 'exactly one of'],
  [{ secret: 'short' }, 'at least 32'],
  [{ secret: '' }, 'at least 32'],
  [{ jwksUrl: 'ftp://example.com' }, 'not an http'],
])('the options %j are refused with advice', async (options, message) => {
  await expect(jwt.open(host, options)).rejects.toThrow(message)
})

test('a private key, or no key, in the file of the public key is refused', async () => {
  const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await expect(jwt.open(host, { publicKey: await written(pem) })).rejects.toThrow('private key')
  await expect(jwt.open(host, { publicKey: await written('') })).rejects.toThrow('not a PEM public key')
})

async function keySet(kids: Readonly<Record<string, typeof rsa.publicKey>>): Promise<string> {
  const keys = Object.entries(kids).map(async ([kid, key]) => ({ ...(await exportJWK(key)), kid }))
  return JSON.stringify({ keys: await Promise.all(keys) })
}

test('a key set in a file is read, and read again at a reload; a broken one leaves the old keys', async () => {
  const jwksFile = await written(await keySet({ one: rsa.publicKey }))
  const auth = await jwt.open(host, { jwksFile })
  const one = bearing(await sign({}, rsa.privateKey, 'RS256', 'one'))
  const two = bearing(await sign({}, curves.ES256.privateKey, 'ES256', 'two'))
  expect([await auth.authenticate(one, peer), await auth.authenticate(two, peer)]).toEqual([
    expect.objectContaining({ user: 'ann' }),
    'denied',
  ])
  await writeFile(jwksFile, await keySet({ two: curves.ES256.publicKey }))
  await auth.reload?.()
  expect(await auth.authenticate(one, peer)).toBe('denied')
  expect(await auth.authenticate(two, peer)).toMatchObject({ user: 'ann' })
  await writeFile(jwksFile, '{}')
  await expect(auth.reload?.()).rejects.toThrow('not a JSON Web Key Set')
  expect(await auth.authenticate(two, peer)).toMatchObject({ user: 'ann' })
})

test('a secret in a key set is not taken for a public key', async () => {
  const jwksFile = await written(
    JSON.stringify({ keys: [{ kty: 'oct', k: Buffer.from(secret).toString('base64url') }] }),
  )
  expect(await judge({ jwksFile }, await sign({}))).toBe('denied')
})

async function serving(handle: Parameters<typeof createServer>[1]): Promise<{ url: string; server: Server }> {
  const server = createServer(handle as never)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, server }
}

test('a key set from an address is fetched once, not once a login', async () => {
  const body = await keySet({ one: rsa.publicKey })
  let requests = 0
  const { url, server } = await serving((_, response) => {
    requests += 1
    response.end(body)
  })
  const auth = await jwt.open(host, { jwksUrl: url })
  const one = bearing(await sign({}, rsa.privateKey, 'RS256', 'one'))
  for (let i = 0; i < 3; i += 1) expect(await auth.authenticate(one, peer)).toMatchObject({ user: 'ann' })
  const other = bearing(await sign({}, curves.ES256.privateKey, 'ES256', 'made-up'))
  for (let i = 0; i < 3; i += 1) expect(await auth.authenticate(other, peer)).toBe('denied')
  expect(requests).toBe(1)
  server.close()
})

test.each<[string, number, string]>([
  ['fails', 500, ''],
  ['redirects', 302, ''],
  ['answers nonsense', 200, 'nonsense'],
  ['answers without end', 200, ' '.repeat(maxKeySetBytes + 1)],
])('a key server that %s lets nobody in: the login fails', async (_, status, body) => {
  const { url, server } = await serving((_, response) => {
    response.writeHead(status, { location: '/elsewhere' }).end(body)
  })
  const auth = await jwt.open(host, { jwksUrl: url })
  await expect(auth.authenticate(bearing(await sign({}, rsa.privateKey, 'RS256', 'one')), peer)).rejects.toThrow()
  server.close()
})

test('keys over plain http are warned about', async () => {
  const warnings: string[] = []
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) }
  await jwt.open({ clock, logger }, { jwksUrl: 'http://127.0.0.1:1/' })
  await jwt.open({ clock, logger }, { jwksUrl: 'https://127.0.0.1:1/' })
  expect(warnings).toHaveLength(1)
})
