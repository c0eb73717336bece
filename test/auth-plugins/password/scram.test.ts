import { createHmac, pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { addUser } from '../../../auth-plugins/password/index.ts'
import { saslprep } from '../../../auth-plugins/password/saslprep.ts'
import { ScramExchange } from '../../../auth-plugins/password/scram.ts'
import { deriveScramKeys, sha256 } from '../../../auth-plugins/password/secrets.ts'
import type { Exchange } from '../../../kernel/plugin.ts'
import { freshPath, opened, peer } from './support/users.ts'

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
