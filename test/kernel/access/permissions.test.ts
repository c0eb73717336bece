import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cachedDecisions, Permissions, type Standing, standingOf } from '../../../kernel/access/permissions.ts'
import type { Action, Identity, Rule } from '../../../kernel/plugin.ts'
import { isBrokerError } from '../../../kernel/plugin.ts'

interface Who {
  readonly clientId?: string
  readonly user?: string | undefined
  readonly address?: string
  readonly identity?: Partial<Identity>
}

function principal(rules: readonly Rule[] | undefined, who: Who = {}, noMatch?: 'allow' | 'deny') {
  return bind(new Permissions({ rules, noMatch }), who)
}

function bind(permissions: Permissions, { clientId = 'c1', user = 'ann', address = '192.0.2.1', identity }: Who) {
  return permissions.principal({ user, ...identity }, { clientId, address, tenant: 'default' })
}

const allow = (...filters: string[]): Rule => ({ effect: 'allow', filters })
const deny = (...filters: string[]): Rule => ({ effect: 'deny', filters })

test('without any rule everything is allowed', () => {
  expect(principal(undefined).may('publish', 'a')).toBe(true)
  expect(principal(undefined).may('subscribe', '#')).toBe(true)
})

test('with rules, what no rule names is denied', () => {
  const ann = principal([allow('a/#')])
  expect(ann.may('publish', 'a/b')).toBe(true)
  expect(ann.may('publish', 'b')).toBe(false)
})

test('an empty list of rules denies, as an empty file does [hostile 31]', () => {
  const ann = principal([])
  expect(ann.may('publish', 'a')).toBe(false)
  expect(ann.may('subscribe', 'a')).toBe(false)
  expect(principal(undefined, { identity: { rules: [] } }).may('receive', 'a')).toBe(false)
})

test('noMatch decides where no rule applies', () => {
  expect(principal([deny('a')], {}, 'allow').may('publish', 'b')).toBe(true)
  expect(principal(undefined, {}, 'deny').may('publish', 'b')).toBe(false)
})

test('the first rule that applies decides, and an identity has its say before the configuration', () => {
  expect(principal([deny('a'), allow('#')]).may('publish', 'a')).toBe(false)
  expect(principal([allow('#'), deny('a')]).may('publish', 'a')).toBe(true)
  expect(principal([deny('a'), allow('#')], { identity: { rules: [allow('a')] } }).may('publish', 'a')).toBe(true)
})

test('all conditions of a rule must hold', () => {
  const rules: Rule[] = [{ effect: 'allow', user: 'ann', clientId: 'c1', address: '192.0.2.0/24', filters: ['a'] }]
  expect(principal(rules).may('publish', 'a')).toBe(true)
  expect(principal(rules, { user: 'bob' }).may('publish', 'a')).toBe(false)
  expect(principal(rules, { clientId: 'c2' }).may('publish', 'a')).toBe(false)
  expect(principal(rules, { address: '198.51.100.1' }).may('publish', 'a')).toBe(false)
})

test('an action binds a rule to publishing or to subscribing and receiving', () => {
  const ann = principal([
    { effect: 'allow', action: 'publish', filters: ['out'] },
    { effect: 'allow', action: 'subscribe', filters: ['in'] },
  ])
  const table = (['publish', 'subscribe', 'receive'] as Action[]).map(action => [
    ann.may(action, 'out'),
    ann.may(action, 'in'),
  ])
  expect(table).toEqual([
    [true, false],
    [false, true],
    [false, true],
  ])
})

test('a subscription wider than the allow rule is refused [hostile 30]', () => {
  const ann = principal([allow('a/+')])
  expect(ann.may('subscribe', 'a/+')).toBe(true)
  expect(ann.may('subscribe', 'a/b')).toBe(true)
  for (const wider of ['a/#', 'a', '+/+', '#', '+/b', 'a/+/+', '$SYS/#']) {
    expect([wider, ann.may('subscribe', wider)]).toEqual([wider, false])
  }
})

test('a wide subscription over a denied part is allowed, and the denied topics are withheld one by one', () => {
  const ann = principal([deny('secret/#'), allow('#')])
  expect(ann.may('subscribe', '#')).toBe(true)
  expect(ann.may('receive', 'secret/x')).toBe(false)
  expect(ann.may('receive', 'open/x')).toBe(true)
})

test('the filter inside a shared or queue subscription obeys the plain denies [hostile 27]', () => {
  // A protocol asks for the filter inside "$share/group/..": the answer is that of a plain subscription.
  const ann = principal([deny('secret/#'), allow('#')])
  for (const inner of ['secret/#', 'secret/a', 'secret/+', 'secret']) {
    expect([inner, ann.may('subscribe', inner)]).toEqual([inner, false])
  }
  expect(ann.may('subscribe', '$share/g/secret/#')).toBe(false)
})

test('a rule without filters reaches every topic, "$" topics included; "#" does not', () => {
  expect(principal([{ effect: 'allow' }]).may('subscribe', '$SYS/#')).toBe(true)
  expect(principal([allow('#')]).may('subscribe', '$SYS/#')).toBe(false)
})

test('%c and %u stand for the client id and the user, as one level', () => {
  const ann = principal([allow('%c/x', 'u/%u/#')])
  expect(ann.may('publish', 'c1/x')).toBe(true)
  expect(ann.may('publish', 'u/ann/y')).toBe(true)
  expect(ann.may('publish', 'c2/x')).toBe(false)
  expect(ann.may('publish', '%c/x')).toBe(false)
})

test.each(['+', '#', 'a/b', 'x+', '', '$SYS'])('a client that calls itself %j widens no rule [hostile 23]', name => {
  const evil = principal([allow('%c/#', '%u/#')], { clientId: name, user: name })
  for (const topic of ['c1/x', 'a/b', 'a/b/c', '$SYS/x', 'x', '+/x', '#']) {
    for (const action of ['publish', 'receive', 'subscribe'] as const) {
      expect([action, topic, evil.may(action, topic)]).toEqual([action, topic, false])
    }
  }
})

test('a client without a user name matches no rule with %u [hostile 23]', () => {
  const permissions = new Permissions({ rules: [allow('u/%u')] })
  const nobody = permissions.principal({ user: undefined }, { clientId: 'c', address: '::1', tenant: 'default' })
  expect(nobody.may('publish', 'u/undefined')).toBe(false)
  expect(nobody.may('publish', 'u/%u')).toBe(false)
})

test.each(['__proto__', 'constructor', 'toString', '.*', 'a|b'])('%j is an ordinary name [hostile 23]', name => {
  const rules: Rule[] = [{ effect: 'allow', clientId: name, filters: ['%c/%u'] }]
  const odd = principal(rules, { clientId: name, user: name })
  expect(odd.may('publish', `${name}/${name}`)).toBe(true)
  expect(odd.may('publish', 'ab/ab')).toBe(false)
  expect(principal(rules, { clientId: 'ab' }).may('publish', 'ab/ann')).toBe(false)
  expect(principal([allow(name)]).may('publish', name)).toBe(true)
})

test('new rules hold for live clients from the next question on, cached answers included [hostile 28]', () => {
  const permissions = new Permissions({ rules: [allow('a')] })
  const ann = bind(permissions, {})
  expect(ann.may('publish', 'a')).toBe(true)
  expect(ann.may('receive', 'a')).toBe(true)
  permissions.replace({ rules: [allow('b')] })
  expect(ann.may('publish', 'a')).toBe(false)
  expect(ann.may('receive', 'a')).toBe(false)
  expect(ann.may('publish', 'b')).toBe(true)
  expect(permissions.version).toBe(1)
})

test('wrong new rules leave the old ones in force', () => {
  const permissions = new Permissions({ rules: [allow('a')] })
  const ann = bind(permissions, {})
  expect(() => permissions.replace({ rules: [allow('a#')] })).toThrow(/rule 1: the filter "a#"/)
  expect(ann.may('publish', 'a')).toBe(true)
})

test('a superuser is asked no rule', () => {
  const root = principal([{ effect: 'deny' }], { identity: { superuser: true } })
  expect(root.may('publish', 'any/topic')).toBe(true)
  expect(root.may('subscribe', '#')).toBe(true)
})

test.each<[unknown, RegExp]>([
  [{ effect: 'maybe' }, /write "allow" or "deny"/],
  [{ effect: 'deny', action: 'read' }, /write "publish", "subscribe" or "all"/],
  [{ effect: 'deny', filters: 'a' }, /must be a list/],
  [{ effect: 'deny', filters: [1] }, /not a string/],
  [{ effect: 'deny', filters: ['x/%c-log'] }, /only for a whole level/],
  [{ effect: 'deny', address: '10.0.0.0/33' }, /10\.0\.0\.0\/8/],
  [{ effect: 'deny', user: 7 }, /must be a string/],
  [null, /not an object/],
])('the rule %j is refused with advice', (rule, message) => {
  try {
    principal([rule as Rule])
  } catch (error) {
    expect(isBrokerError(error, 'CONFIG_INVALID')).toBe(true)
    expect(String(error)).toMatch(message)
    return
  }
  expect.unreachable()
})

test('answers do not depend on what was asked before', () => {
  const rules = [deny('a/+', 'b/%c'), allow('a/#', 'b/+'), deny('#')]
  const topic = fc
    .array(fc.constantFrom('a', 'b', 'c1', 'x', '+', '#'), { minLength: 1, maxLength: 3 })
    .map(l => l.join('/'))
  const question = fc.tuple(fc.constantFrom<Action>('publish', 'receive', 'subscribe'), topic)
  const seasoned = principal(rules)
  fc.assert(
    fc.property(question, ([action, text]) => seasoned.may(action, text) === principal(rules).may(action, text)),
    { numRuns: 500 },
  )
})

test('a client that uses more topics than are cached still gets right answers', () => {
  const ann = principal([deny('t/7'), allow('t/+')])
  for (let round = 0; round < 2; round += 1) {
    for (let topic = 0; topic < cachedDecisions * 3; topic += 1) {
      expect(ann.may('publish', `t/${topic}`)).toBe(topic !== 7)
    }
  }
})

test('what is kept of an identity judges as the identity did', () => {
  const level = fc.constantFrom('a', 'b', '%c', '%u', '+')
  const filter = fc.array(level, { minLength: 1, maxLength: 3 }).map(levels => levels.join('/'))
  const rule: fc.Arbitrary<Rule> = fc.record(
    {
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      action: fc.constantFrom('publish' as const, 'subscribe' as const, 'all' as const),
      filters: fc.array(filter, { maxLength: 2 }),
      user: fc.constantFrom('ann', 'bob'),
      clientId: fc.constantFrom('c1', 'c2'),
      address: fc.constantFrom('192.0.2.0/24', '::1'),
    },
    { requiredKeys: ['effect'] },
  )
  const topic = fc.array(fc.constantFrom('a', 'b', 'c1', 'ann'), { minLength: 1, maxLength: 3 }).map(of => of.join('/'))
  const identity = fc.record({ rules: fc.array(rule, { maxLength: 4 }), superuser: fc.boolean() }, { requiredKeys: [] })
  fc.assert(
    fc.property(identity, topic, fc.constantFrom<Action>('publish', 'subscribe', 'receive'), (own, about, action) => {
      const permissions = new Permissions({ rules: [allow('a/#')] })
      const before = bind(permissions, { identity: own })
      const kept = JSON.parse(JSON.stringify(standingOf(before))) as Standing
      expect(bind(permissions, { identity: kept }).may(action, about)).toBe(before.may(action, about))
    }),
  )
})
