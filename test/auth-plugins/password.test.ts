import { createHmac, pbkdf2Sync } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, listUsers, password, removeUser } from '../../auth-plugins/password/index.ts'
import { saslprep } from '../../auth-plugins/password/saslprep.ts'
import { ScramExchange } from '../../auth-plugins/password/scram.ts'
import { deriveScramKeys, sha256 } from '../../auth-plugins/password/secrets.ts'
import { Turns } from '../../auth-plugins/password/turns.ts'
import { encodeName, formatUser, parseUsers } from '../../auth-plugins/password/users-file.ts'
import type { Exchange, Logger, Peer } from '../../kernel/plugin.ts'
import { authSuite } from '../conformance/auth.ts'
import { ManualClock } from '../support/clock.ts'

const peer: Peer = { address: '192.0.2.1', port: 1, loopback: false, secure: false, certificate: undefined }
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let directory: string
let serial = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'users-'))
})
afterAll(() => rm(directory, { recursive: true }))

function freshPath(): string {
  serial += 1
  return join(directory, `users-${serial}`)
}

async function opened(path: string, options: { cache?: number } = {}, logger = silent) {
  const clock = new ManualClock()
  return { clock, auth: await password.open({ clock, logger }, { file: path, ...options }) }
}

function login(user: string, secret: string) {
  return { clientId: 'c', user, password: Buffer.from(secret) }
}

authSuite(password, async host => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'correct horse' })
  const secrets = (await readFile(file, 'utf8')).split('\n').slice(-2)[0]!.split('$').slice(5)
  return {
    authenticator: await password.open(host, { file }),
    good: login('ann', 'correct horse'),
    user: 'ann',
    bad: login('ann', 'battery staple'),
    secrets,
  }
})

test('a user added by the command can log in after a reload, with tenant and rank', async () => {
  const file = freshPath()
  expect(await addUser(file, { name: 'ann', password: 'one' })).toBe('added')
  const { auth } = await opened(file)
  await addUser(file, { name: 'bob', password: 'two', tenant: 'acme', superuser: true })
  expect(await auth.authenticate(login('bob', 'two'), peer)).toBe('unknown')
  await auth.reload?.()
  expect(await auth.authenticate(login('bob', 'two'), peer)).toEqual({ user: 'bob', tenant: 'acme', superuser: true })
})

test('setting a password again replaces the old one, and removing the user ends both', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'old' })
  expect(await addUser(file, { name: 'ann', password: 'new' })).toBe('replaced')
  const { auth } = await opened(file)
  expect(await auth.authenticate(login('ann', 'old'), peer)).toBe('denied')
  expect(await auth.authenticate(login('ann', 'new'), peer)).toMatchObject({ user: 'ann' })
  expect(await removeUser(file, 'ann')).toBe(true)
  expect(await removeUser(file, 'ann')).toBe(false)
  await auth.reload?.()
  expect(await auth.authenticate(login('ann', 'new'), peer)).toBe('unknown')
})

test('the commands keep comments and order, leave mode 0600 and no temporary file', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  await writeFile(file, `${await readFile(file, 'utf8')}# ours\n`)
  await addUser(file, { name: 'bob', password: 'x', scram: false })
  await addUser(file, { name: 'ann', password: 'y' })
  const text = await readFile(file, 'utf8')
  expect(text.startsWith('# Users, one a line.')).toBe(true)
  expect(text.indexOf('\nann:')).toBeLessThan(text.indexOf('# ours'))
  expect(text.indexOf('# ours')).toBeLessThan(text.indexOf('\nbob:'))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await readdir(directory)).filter(name => name.endsWith('.tmp'))).toEqual([])
  expect(await listUsers(file)).toEqual([
    { name: 'ann', tenant: undefined, superuser: false, scram: true },
    { name: 'bob', tenant: undefined, superuser: false, scram: false },
  ])
})

test.each([
  [{ name: '', password: 'x' }, 'a user name has'],
  [{ name: 'a\nb:$scrypt', password: 'x' }, 'control characters'],
  [{ name: 'ann', password: '' }, 'empty password'],
  [{ name: 'ann', password: 'bell\u0007' }, 'SCRAM'],
])('the command refuses %j', async (user, message) => {
  await expect(addUser(freshPath(), user)).rejects.toThrow(message)
})

test('every user survives being written and read, whatever the name', async () => {
  const scrypt = { n: 16_384, r: 8, p: 1, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 2) }
  const scram = {
    iterations: 4_096,
    salt: Buffer.alloc(16, 3),
    storedKey: Buffer.alloc(32, 4),
    serverKey: Buffer.alloc(32, 5),
  }
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter(text => !/\p{Cs}/u.test(text))
  const odd = fc.oneof(name, fc.constantFrom('__proto__', '#a', '!decoy', 'a:b', '%41', ' a ', 'ü', '$scrypt'))
  fc.assert(
    fc.property(
      odd,
      fc.option(odd, { nil: undefined }),
      fc.boolean(),
      fc.boolean(),
      (user, tenant, superuser, keys) => {
        const written = { name: user, scrypt, scram: keys ? scram : undefined, tenant, superuser }
        expect([...parseUsers(formatUser(written), 'f').users.values()]).toEqual([written])
      },
    ),
  )
})

const goodLine = formatUser({
  name: 'ann',
  scrypt: { n: 16_384, r: 8, p: 1, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 2) },
  scram: undefined,
  tenant: undefined,
  superuser: false,
})

test.each([
  ['a name alone', 'bob', 'add the user again'],
  ['a name and an empty hash', 'bob:', 'set the password again'],
  ['a plain password', 'bob:secret', 'set the password again'],
  ['an empty name', goodLine.replace('ann', ''), 'user name'],
  ['a truncated hash', goodLine.slice(0, -4), 'set the password again'],
  ['a weak cost', goodLine.replace('16384', '16383'), 'set the password again'],
  ['a cost that would take all memory', goodLine.replace('16384$8', '1048576$32'), 'set the password again'],
  ['a blank before the name', ` ${goodLine.replace('ann', 'bob')}`, 'user name'],
  ['a second line for the same user', goodLine, 'line 2 again'],
  ['another field', `${goodLine.replace('ann', 'bob')}:admin`, 'remove it'],
  ['weak SCRAM', `${goodLine.replace('ann', 'bob')}:$scram-sha-256$1$AAAA$AAAA$AAAA`, 'SCRAM'],
  ['an empty tenant', `${goodLine.replace('ann', 'bob')}:tenant=`, 'tenant'],
  ['a broken decoy', '!decoy abc', 'remove the line'],
  ['an unfinished escape', goodLine.replace('ann', 'b%4'), 'user name'],
])('%s makes no user: the file is refused, with line and mend [hostile 31]', async (_, line, mend) => {
  const file = freshPath()
  await writeFile(file, `# users\n${goodLine}\n${line}\n`)
  const refusal = expect.objectContaining({ message: expect.stringMatching(new RegExp(`^${file}:3: .*${mend}`)) })
  await expect(opened(file)).rejects.toEqual(refusal)
})

test('a malformed line names no secret', async () => {
  const file = freshPath()
  await writeFile(file, 'bob:hunter2\n')
  await expect(opened(file)).rejects.toThrow(/^(?!.*hunter2)/s)
})

test('a reload of a malformed file fails, and the old users stay [hostile 31]', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const { auth } = await opened(file)
  await writeFile(file, 'ann\n')
  await expect(auth.reload?.()).rejects.toThrow(`${file}:1:`)
  expect(await auth.authenticate(login('ann', 'x'), peer)).toMatchObject({ user: 'ann' })
})

test('a missing file stops the start; an empty one knows nobody [hostile 31]', async () => {
  await expect(opened(freshPath())).rejects.toThrow('ENOENT')
  const file = freshPath()
  await writeFile(file, '')
  const { auth } = await opened(file)
  expect(await auth.authenticate(login('', ''), peer)).toBe('unknown')
})

test('a file that others can read is warned about', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const warnings: string[] = []
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) }
  await opened(file, {}, logger)
  expect(warnings).toEqual([])
  await chmod(file, 0o644)
  await opened(file, {}, logger)
  expect(warnings).toHaveLength(1)
})

test('a good login is remembered for the configured time, a bad one never', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const { auth, clock } = await opened(file, { cache: 1_000 })
  await auth.authenticate(login('ann', 'wrong'), peer)
  expect(auth.inspect?.()).toMatchObject({ remembered: 0 })
  await auth.authenticate(login('ann', 'x'), peer)
  expect(auth.inspect?.()).toMatchObject({ remembered: 1 })
  expect(await auth.authenticate(login('ann', 'wrong'), peer)).toBe('denied')
  await clock.advance(1_000)
  expect(await auth.authenticate(login('ann', 'x'), peer)).toMatchObject({ user: 'ann' })
  await auth.reload?.()
  expect(auth.inspect?.()).toMatchObject({ remembered: 0 })
})

test('finding out that a user does not exist takes as long as a wrong password', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const { auth } = await opened(file)
  const timed = async (user: string) => {
    const started = performance.now()
    for (let i = 0; i < 3; i += 1) await auth.authenticate(login(user, 'wrong'), peer)
    return performance.now() - started
  }
  // Without the comparison against nobody's hash it is a thousandth.
  expect(await timed('nobody')).toBeGreaterThan((await timed('ann')) / 5)
})

test('hashes take turns, so that the disk keeps its threads', async () => {
  const turns = new Turns(2)
  const started: number[] = []
  const finish: (() => void)[] = []
  const runs = [0, 1, 2, 3].map(i =>
    turns.run(async () => {
      started.push(i)
      await new Promise<void>(resolve => finish.push(resolve))
      if (i === 1) throw new Error('one fails')
    }),
  )
  const outcomes = Promise.allSettled(runs)
  expect(started).toEqual([0, 1])
  finish[1]?.()
  await runs[1]!.catch(() => {})
  expect(started).toEqual([0, 1, 2])
  finish[0]?.()
  finish[2]?.()
  await runs[2]
  finish[3]?.()
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(started).toEqual([0, 1, 2, 3])
})

/** The client's side of SCRAM, written from RFC 5802 on its own. */
function client(user: string, secret: string, { gs2 = 'n,,', nonce = 'rOprNGfwEbeRWgbNEkqO' } = {}) {
  const bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  let verifier = ''
  return {
    first: Buffer.from(gs2 + bare),
    final(challenge: Uint8Array, binding = gs2, repeated?: string) {
      const serverFirst = Buffer.from(challenge).toString()
      const [, full = '', salt = '', count = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? []
      const withoutProof = `c=${Buffer.from(binding).toString('base64')},r=${repeated ?? full}`
      const message = `${bare},${serverFirst},${withoutProof}`
      const sign = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()
      const salted = pbkdf2Sync(secret, Buffer.from(salt, 'base64'), Number(count), 32, 'sha256')
      const clientKey = sign(salted, 'Client Key')
      const signature = sign(sha256(clientKey), message)
      verifier = `v=${sign(sign(salted, 'Server Key'), message).toString('base64')}`
      return Buffer.from(
        `${withoutProof},p=${Buffer.from(clientKey.map((b, i) => b ^ signature[i]!)).toString('base64')}`,
      )
    },
    get verifier() {
      return verifier
    },
  }
}

async function challengeOf(exchange: Exchange, first: Uint8Array): Promise<Uint8Array> {
  const answer = await exchange.step(first)
  if (answer === 'denied' || !('challenge' in answer)) throw new Error('no challenge')
  return answer.challenge
}

test('the example of RFC 7677 is served byte for byte', async () => {
  const keys = await deriveScramKeys('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4_096)
  const exchange = new ScramExchange(
    { find: () => ({ keys: keys!, identity: { user: 'user' } }) },
    () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  )
  const challenge = await challengeOf(exchange, Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))
  expect(Buffer.from(challenge).toString()).toBe(
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  )
  const final =
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
  expect(await exchange.step(Buffer.from(final))).toEqual({
    identity: { user: 'user' },
    data: Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
  })
})

async function scramFile(): Promise<string> {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'correct' })
  await addUser(file, { name: 'a,b=c', password: 'correct' })
  await addUser(file, { name: 'plain', password: 'correct', scram: false })
  return file
}

test.each(['n,,', 'y,,', 'n,a=ann,'])('SCRAM logs in with the header %j, and the server proves itself', async gs2 => {
  const { auth } = await opened(await scramFile())
  const exchange = auth.exchange!('SCRAM-SHA-256', peer)!
  const ann = client('ann', 'correct', { gs2 })
  const final = ann.final(await challengeOf(exchange, ann.first))
  const done = await exchange.step(final)
  expect(done).toMatchObject({ identity: { user: 'ann' } })
  expect(Buffer.from((done as { data: Uint8Array }).data).toString()).toBe(ann.verifier)
  expect(await exchange.step(final)).toBe('denied')
})

test('SCRAM takes names with "," and "="', async () => {
  const { auth } = await opened(await scramFile())
  const exchange = auth.exchange!('SCRAM-SHA-256', peer)!
  const odd = client('a,b=c', 'correct')
  expect(await exchange.step(odd.final(await challengeOf(exchange, odd.first)))).toMatchObject({
    identity: { user: 'a,b=c' },
  })
})

test.each(['ann', 'plain', 'nobody'])('SCRAM denies %j with a wrong password only at the end', async user => {
  const { auth } = await opened(await scramFile())
  const exchange = auth.exchange!('SCRAM-SHA-256', peer)!
  const wrong = client(user, 'wrong')
  expect(await exchange.step(wrong.final(await challengeOf(exchange, wrong.first)))).toBe('denied')
})

test('a user who does not exist is shown the same salt each time, also after a restart', async () => {
  const file = await scramFile()
  const shown = async (user: string) => {
    const { auth } = await opened(file)
    const challenge = await challengeOf(auth.exchange!('SCRAM-SHA-256', peer)!, client(user, 'x').first)
    return Buffer.from(challenge)
      .toString()
      .replace(/^r=[^,]+/, '')
  }
  expect(await shown('nobody')).toBe(await shown('nobody'))
  expect(await shown('nobody')).not.toBe(await shown('nobody2'))
  expect((await shown('nobody')).replace(/s=[^,]+/, '')).toBe((await shown('ann')).replace(/s=[^,]+/, ''))
})

test('a SCRAM run whose nonce, binding or proof was changed on the way is denied', async () => {
  const { auth } = await opened(await scramFile())
  const changes: [string, (text: string) => string][] = [
    ['nonce', text => text.replace(/r=./, 'r=X')],
    ['shorter nonce', text => text.replace(/r=([^,]+).,/, 'r=$1,')],
    ['binding', text => text.replace('c=biws', 'c=eSws')],
    ['proof', text => text.replace(/p=./, p => (p === 'p=A' ? 'p=B' : 'p=A'))],
    ['missing proof', text => text.replace(/,p=.*/, '')],
  ]
  for (const [what, change] of changes) {
    const exchange = auth.exchange!('SCRAM-SHA-256', peer)!
    const ann = client('ann', 'correct')
    const final = ann.final(await challengeOf(exchange, ann.first)).toString()
    expect(change(final)).not.toBe(final)
    expect([what, await exchange.step(Buffer.from(change(final)))]).toEqual([what, 'denied'])
  }
})

test('a correctly signed answer to another nonce is denied, so that none can be replayed', async () => {
  const { auth } = await opened(await scramFile())
  const exchange = auth.exchange!('SCRAM-SHA-256', peer)!
  const ann = client('ann', 'correct')
  const challenge = await challengeOf(exchange, ann.first)
  expect(await exchange.step(ann.final(challenge, 'n,,', 'rOprNGfwEbeRWgbNEkqOxyz'))).toBe('denied')
})

test('a downgrade of the channel binding flag is noticed', async () => {
  const { auth } = await opened(await scramFile())
  const exchange = auth.exchange!('SCRAM-SHA-256', peer)!
  const ann = client('ann', 'correct')
  expect(await exchange.step(ann.final(await challengeOf(exchange, ann.first), 'y,,'))).toBe('denied')
})

test.each([
  'p=tls-unique,,n=ann,r=abc',
  'n,a=root,n=ann,r=abc',
  'n,,m=ext,n=ann,r=abc',
  'n,,n=a=nn,r=abc',
  'n,,n=,r=abc',
  'n,,n=ann,r=',
  'n,,n=ann,r=a\u00e9',
  'n,,n=bell\u0007,r=abc',
  'x,,n=ann,r=abc',
  'n,n=ann,r=abc',
])('the SCRAM opening %j is denied', async first => {
  const { auth } = await opened(await scramFile())
  expect(await auth.exchange!('SCRAM-SHA-256', peer)!.step(Buffer.from(first))).toBe('denied')
})

// RFC 4013, section 3
test.each([
  ['I\u00adX', 'IX'],
  ['user', 'user'],
  ['USER', 'USER'],
  ['\u00aa', 'a'],
  ['\u2168', 'IX'],
  ['\u0007', undefined],
  ['\u0627\u0031', undefined],
  ['a\u00a0b', 'a b'],
  ['\u0627\u0628', '\u0627\u0628'],
])('SASLprep turns %j into %j', (text, prepared) => {
  expect(saslprep(text)).toBe(prepared)
})

test('a written name has nothing that ends a field or a line', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), name => !/[:#!\s\p{Cc}]/u.test(encodeName(name))))
})
