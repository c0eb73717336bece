import { expect, test } from 'vitest'
import type { ChainOptions } from '../../../kernel/access/chain.ts'
import { AuthenticationChain, failureLogIntervalMs } from '../../../kernel/access/chain.ts'
import type { Authenticator, Credentials, Identity, Logger, Peer } from '../../../kernel/plugin.ts'
import { ManualClock } from '../../support/clock.ts'

const remote: Peer = { address: '192.0.2.1', port: 5, loopback: false, secure: false, certificate: undefined }
const local: Peer = { ...remote, address: '127.0.0.1', loopback: true }
const nobody: Credentials = { clientId: 'c', user: undefined, password: undefined }
const ann: Credentials = { clientId: 'c', user: 'ann', password: Buffer.from('pw') }

function answering(answer: Identity | 'unknown' | 'denied' | (() => Promise<Identity | 'unknown' | 'denied'>)) {
  const asked: Credentials[] = []
  const authenticator: Authenticator = {
    authenticate: async credentials => {
      asked.push(credentials)
      return typeof answer === 'function' ? answer() : answer
    },
    close: async () => {},
  }
  return { asked, authenticator }
}

function chain(members: readonly { authenticator: Authenticator }[], options: ChainOptions = {}) {
  const clock = new ManualClock()
  const logged: object[] = []
  const log = (fields: object) => void logged.push(fields)
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const named = members.map(({ authenticator }, index) => ({ name: `m${index}`, authenticator }))
  return { clock, logged, chain: new AuthenticationChain(named, { clock, logger }, options) }
}

test('the first authenticator that knows the client decides', async () => {
  const later = answering({ user: 'later' })
  const { chain: sut } = chain([answering('unknown'), answering({ user: 'ann' }), later])
  expect(await sut.authenticate(ann, remote)).toEqual({ user: 'ann' })
  expect(later.asked).toEqual([])
})

test('a denial stops the chain', async () => {
  const later = answering({ user: 'later' })
  const { chain: sut } = chain([answering('denied'), later], { anonymous: 'always' })
  expect(await sut.authenticate(ann, local)).toBe('denied')
  expect(later.asked).toEqual([])
})

test('credentials that no authenticator knows are denied, even where anonymous clients may enter', async () => {
  const { chain: sut } = chain([answering('unknown')], { anonymous: 'always' })
  expect(await sut.authenticate(ann, local)).toBe('denied')
  expect(await sut.authenticate({ ...nobody, password: Buffer.from('x') }, local)).toBe('denied')
  expect(await sut.authenticate(nobody, remote)).toEqual({ user: undefined })
})

test.each<[ChainOptions['anonymous'], boolean, boolean]>([
  [undefined, true, false],
  ['loopback', true, false],
  ['always', true, true],
  ['never', false, false],
])('anonymous %j lets in: loopback %j, others %j [hostile 31]', async (anonymous, fromLoopback, fromElsewhere) => {
  for (const members of [[], [answering('unknown')]]) {
    const { chain: sut } = chain(members, { anonymous })
    expect((await sut.authenticate(nobody, local)) !== 'denied').toBe(fromLoopback)
    expect((await sut.authenticate(nobody, remote)) !== 'denied').toBe(fromElsewhere)
  }
})

test('without authenticators a loopback client keeps its user name, and no other client gets in', async () => {
  const { chain: sut } = chain([])
  expect(await sut.authenticate(ann, local)).toEqual({ user: 'ann' })
  expect(await sut.authenticate(ann, remote)).toBe('denied')
})

test('loopback is what the socket says, not the address of a PROXY header', async () => {
  const { chain: sut } = chain([])
  expect(await sut.authenticate(nobody, { ...remote, address: '127.0.0.1' })).toBe('denied')
})

function certified(commonName: string): Peer {
  return { ...remote, secure: true, certificate: { commonName, fingerprint256: 'AA' } }
}

test('a verified certificate names its user, and nobody is asked for a password', async () => {
  const member = answering('denied')
  const { chain: sut } = chain([member], { certificateUser: 'common-name' })
  expect(await sut.authenticate(ann, certified('device-7'))).toEqual({ user: 'device-7' })
  expect(member.asked).toEqual([])
})

test('a certificate names nobody unless the configuration says so', async () => {
  const { chain: sut } = chain([])
  expect(await sut.authenticate(nobody, certified('device-7'))).toBe('denied')
})

test('a TLS client without a verified certificate fails closed [hostile 36]', async () => {
  const { chain: sut } = chain([], { certificateUser: 'common-name' })
  expect(await sut.authenticate(ann, { ...remote, secure: true })).toBe('denied')
})

test.each(['', 'a\0b', 'a\nb', '\ud800', 'a\ufffdb', '\uffff', 'x'.repeat(257)])(
  'the certificate name %j is nobody [hostile 17]',
  async name => {
    const { chain: sut } = chain([], { certificateUser: 'common-name', anonymous: 'always' })
    expect(await sut.authenticate(nobody, certified(name))).toBe('denied')
  },
)

test('an authenticator that fails denies, and is reported once in an interval', async () => {
  const broken = answering(() => Promise.reject(new Error('no route to host')))
  const { chain: sut, clock, logged } = chain([broken, answering({ user: 'ann' })], { anonymous: 'always' })
  for (let i = 0; i < 5; i += 1) expect(await sut.authenticate(ann, local)).toBe('denied')
  expect(logged).toEqual([{ authenticator: 'm0', error: 'no route to host', failuresNotLogged: 0 }])
  await clock.advance(failureLogIntervalMs)
  await sut.authenticate(ann, local)
  expect(logged[1]).toEqual({ authenticator: 'm0', error: 'no route to host', failuresNotLogged: 4 })
})

test.each<[string, unknown]>([
  ['a rule that is wrong', { user: 'a', rules: [{ effect: 'deny', filters: ['a#'] }] }],
  ['a user that is no string', { user: 7 }],
  ['an empty tenant', { user: 'a', tenant: '' }],
  ['an end that is no time', { user: 'a', expiresAt: Number.NaN }],
])('an identity with %s is denied', async (_, identity) => {
  const { chain: sut, logged } = chain([answering(identity as Identity)])
  expect(await sut.authenticate(ann, remote)).toBe('denied')
  expect(logged).toHaveLength(1)
})

test('an identity that has ended is denied', async () => {
  const { clock, chain: sut } = chain([answering({ user: 'a', expiresAt: new ManualClock().now() })])
  expect(clock.now()).toBe(new ManualClock().now())
  expect(await sut.authenticate(ann, remote)).toBe('denied')
})

/** An authenticator whose answers come when the test says so. */
function slow() {
  const open: (() => void)[] = []
  const member = answering(() => new Promise(resolve => open.push(() => resolve({ user: 'ann' }))))
  return { ...member, open }
}

test('only so many authentications run at once, so many wait, and one more is told to come back [hostile 48]', async () => {
  const member = slow()
  const { chain: sut } = chain([member], { concurrent: 2, waiting: 1 })
  const answers = [1, 2, 3].map(() => sut.authenticate(ann, remote))
  expect(await sut.authenticate(ann, remote)).toBe('busy')
  expect(member.asked).toHaveLength(2)
  member.open[0]?.()
  expect(await answers[0]).toEqual({ user: 'ann' })
  await new Promise(setImmediate)
  expect(member.asked).toHaveLength(3)
  for (const answer of member.open) answer()
  expect(await Promise.all(answers)).toHaveLength(3)
  expect(sut.inspect()).toMatchObject({ running: 0, waiting: 0 })
})

test('an authentication that takes too long is denied, and makes room for the next', async () => {
  const member = slow()
  const { chain: sut, clock, logged } = chain([answering('unknown'), member], { concurrent: 1, timeoutMs: 1_000 })
  const first = sut.authenticate(ann, remote)
  await clock.advance(500)
  const second = sut.authenticate(ann, remote)
  await clock.advance(500)
  expect(await first).toBe('denied')
  expect(logged).toEqual([{ authenticator: 'm1', error: 'no answer in time', failuresNotLogged: 0 }])
  expect(member.asked).toHaveLength(2)
  member.open[1]?.()
  expect(await second).toEqual({ user: 'ann' })
  expect(clock.pending).toBe(0)
})

test('an authentication whose turn does not come in time is told to come back', async () => {
  const member = slow()
  const { chain: sut, clock } = chain([member], { concurrent: 1, timeoutMs: 1_000 })
  const first = sut.authenticate(ann, remote)
  const second = sut.authenticate(ann, remote)
  const third = sut.authenticate(ann, remote)
  await clock.advance(1_000)
  expect([await first, await third]).toEqual(['denied', 'busy'])
  await clock.advance(1_000)
  expect(await second).toBe('denied')
})

test('nobody is asked about a client that has gone while it waited', async () => {
  const member = slow()
  const { chain: sut } = chain([member], { concurrent: 1 })
  const first = sut.authenticate(ann, remote)
  const gone = new AbortController()
  const second = sut.authenticate(ann, remote, gone.signal)
  await new Promise(setImmediate)
  gone.abort()
  member.open[0]?.()
  await first
  expect(await second).toBe('busy')
  expect(member.asked).toHaveLength(1)
})

test('an exchange runs with the authenticator that offers its method, and its failure denies', async () => {
  const offering: Authenticator = {
    ...answering('unknown').authenticator,
    methods: ['M'],
    exchange: () => ({
      step: async data => {
        if (data.length === 0) throw new Error('bad')
        return data.length === 1 ? { challenge: data } : { identity: { user: 'ann' } }
      },
    }),
  }
  const { chain: sut } = chain([answering('unknown'), { authenticator: offering }])
  expect(sut.methods).toEqual(['M'])
  expect(sut.exchange('N', remote)).toBeUndefined()
  const run = sut.exchange('M', remote)
  expect(await run?.step(Buffer.from('a'))).toEqual({ challenge: Buffer.from('a') })
  expect(await run?.step(Buffer.from('ab'))).toEqual({ identity: { user: 'ann' } })
  expect(await run?.step(Buffer.alloc(0))).toBe('denied')
})

test('a reload reads every source and reports those that failed', async () => {
  const reloaded: string[] = []
  const member = (name: string, fails: boolean) => ({
    authenticator: {
      ...answering('unknown').authenticator,
      reload: async () => {
        reloaded.push(name)
        if (fails) throw new Error(`${name} is wrong`)
      },
    },
  })
  const { chain: sut } = chain([member('a', true), member('b', false), member('c', true)])
  await expect(sut.reload()).rejects.toThrow('a is wrong; c is wrong')
  expect(reloaded).toEqual(['a', 'b', 'c'])
})
