import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkRules } from '../../kernel/access/rule-set.ts'
import type { Authenticator, AuthHost, AuthPlugin, Credentials, Logger, Peer } from '../../kernel/plugin.ts'
import { ManualClock } from '../support/clock.ts'

/** What a plugin brings to be examined. */
export interface AuthFixture {
  /** The plugin, opened with the host given. */
  readonly authenticator: Authenticator
  /** A login that succeeds, and the user it gives. */
  readonly good: Credentials
  readonly user: string
  /** A login that is this plugin's to judge, and that fails. */
  readonly bad: Credentials
  /** Strings that must never be printed or shown. */
  readonly secrets: readonly string[]
  /** Stops what the fixture started; the suite closes the authenticator. */
  stop?(): Promise<void>
}

const peer: Peer = { address: '192.0.2.1', port: 40_000, loopback: false, secure: true, certificate: undefined }

/** The promises of an authentication plugin. A plugin's own tests call this once. */
export function authSuite<Options>(plugin: AuthPlugin<Options>, open: (host: AuthHost) => Promise<AuthFixture>): void {
  describe(`auth plugin ${plugin.name}`, () => {
    const logged: string[] = []
    const log = (fields: object, message: string) => void logged.push(JSON.stringify(fields) + message)
    const logger: Logger = { debug: log, info: log, warn: log, error: log }
    let fixture: AuthFixture

    beforeAll(async () => {
      fixture = await open({ clock: new ManualClock(Date.now()), logger })
    })
    afterAll(async () => {
      await fixture.authenticator.close()
      await fixture.stop?.()
    })

    test('the plugin has the shape of one, and every option says what it is for', () => {
      expect(plugin).toMatchObject({ kind: 'auth', api: 1, name: expect.stringMatching(/^[a-z0-9-]+$/) })
      for (const [name, option] of Object.entries(plugin.options)) {
        expect(`${name}: ${option.describe}`).toMatch(/^\w+: [A-Z].{10,}\.$/)
      }
    })

    test('a good login gives an identity with its user, and rules that are in order', async () => {
      const identity = await fixture.authenticator.authenticate(fixture.good, peer)
      expect(identity).toMatchObject({ user: fixture.user })
      if (typeof identity === 'object') checkRules(identity.rules ?? [])
    })

    test('a bad login is denied, not left to the next in the chain', async () => {
      expect(await fixture.authenticator.authenticate(fixture.bad, peer)).toBe('denied')
    })

    test('a client without user name and password is left to the next in the chain', async () => {
      const nobody = { clientId: 'c', user: undefined, password: undefined }
      expect(await fixture.authenticator.authenticate(nobody, peer)).toBe('unknown')
    })

    test('a good login stays good beside bad ones at the same time', async () => {
      const logins = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? fixture.good : fixture.bad))
      const answers = await Promise.all(logins.map(login => fixture.authenticator.authenticate(login, peer)))
      expect(answers.map(answer => typeof answer === 'object')).toEqual(logins.map(login => login === fixture.good))
    })

    test.each<[string, string | undefined, Uint8Array | undefined]>([
      ["an object's own names", '__proto__', Buffer.from('constructor')],
      ['another inherited name', 'constructor', Buffer.from('')],
      ['wildcards', '#', Buffer.from('+')],
      ['an empty name', '', Buffer.from('')],
      ['bytes that are no text', 'x', Buffer.from([0xff, 0xfe, 0, 0xc0, 0x80])],
      ['line breaks and escapes', 'a\r\nb\u001b[31m', Buffer.from('"}\r\n\r\n{')],
      ['a lone surrogate', '\ud800', Buffer.from('x')],
      ['as much as a login can hold', 'u'.repeat(65_535), Buffer.alloc(65_535, 'p')],
      ['a password alone', undefined, Buffer.from('p')],
      ['a name alone', 'nobody-of-that-name', undefined],
    ])('a login made of %s is refused in order [hostile 23]', async (_, user, password) => {
      const answer = await fixture.authenticator.authenticate({ clientId: '__proto__', user, password }, peer)
      expect(['denied', 'unknown']).toContain(answer)
    })

    test('every method it names can be started, no other can, and nonsense is denied', async () => {
      const { authenticator } = fixture
      expect(authenticator.exchange?.('NO-SUCH-METHOD', peer)).toBeUndefined()
      expect(authenticator.exchange?.('__proto__', peer)).toBeUndefined()
      for (const method of authenticator.methods ?? []) {
        for (const nonsense of ['', 'n,,', '\0\0\0', 'x'.repeat(100_000)]) {
          const exchange = authenticator.exchange?.(method, peer)
          expect(exchange).toBeDefined()
          expect(await exchange?.step(Buffer.from(nonsense))).toBe('denied')
          expect(await exchange?.step(Buffer.from(nonsense))).toBe('denied')
        }
      }
    })

    test('a reload keeps good logins good', async () => {
      await fixture.authenticator.reload?.()
      expect(await fixture.authenticator.authenticate(fixture.good, peer)).toMatchObject({ user: fixture.user })
    })

    test('no secret is logged or shown [hostile 33]', async () => {
      await fixture.authenticator.authenticate(fixture.good, peer)
      await fixture.authenticator.authenticate(fixture.bad, peer)
      const shown = logged.join('\n') + JSON.stringify(fixture.authenticator.inspect?.() ?? {})
      const passwords = [fixture.good, fixture.bad].map(({ password }) => Buffer.from(password ?? []).toString())
      for (const secret of [...fixture.secrets, ...passwords]) expect(shown).not.toContain(secret)
    })
  })
}
