import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Permissions } from '../../../kernel/access/permissions.ts'
import type { Action, Rule } from '../../../kernel/plugin.ts'

const subject = { clientId: 'c1', user: 'ann', address: '192.0.2.1' }

test('the rule that decides is told, with its place in the list it comes from', () => {
  const permissions = new Permissions({
    rules: [
      { effect: 'deny', user: 'bob' },
      { effect: 'allow', filters: ['a/#'] },
    ],
  })
  expect(permissions.explain(subject, 'publish', 'a/b')).toEqual({
    allowed: true,
    source: 'configuration',
    index: 1,
    rule: { effect: 'allow', action: 'all', filters: ['a/#'] },
  })
  expect(permissions.explain(subject, 'publish', 'b')).toMatchObject({
    allowed: false,
    source: 'none',
    rule: undefined,
  })
  const own = { user: 'ann', rules: [{ effect: 'deny', filters: ['a/b'] }] as Rule[] }
  expect(permissions.explain({ ...subject, identity: own }, 'receive', 'a/b')).toMatchObject({
    allowed: false,
    source: 'identity',
    index: 0,
  })
  expect(permissions.explain({ ...subject, identity: { user: 'ann', superuser: true } }, 'publish', 'b')).toMatchObject(
    {
      allowed: true,
      source: 'superuser',
    },
  )
  expect(
    permissions.explain({ ...subject, identity: { user: 'ann', superuser: true } }, 'publish', '$SYS/x'),
  ).toMatchObject({ allowed: false, source: 'reserved' })
})

const level = fc.constantFrom('a', 'b', '%c', '%u')
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'))
const rule: fc.Arbitrary<Rule> = fc.record(
  {
    effect: fc.constantFrom('allow', 'deny'),
    action: fc.constantFrom('publish', 'subscribe', 'all'),
    filters: fc.array(filter, { maxLength: 3 }),
    user: fc.constantFrom('ann', 'bob'),
    clientId: fc.constantFrom('c1', 'c2'),
    address: fc.constantFrom('192.0.2.0/24', '198.51.100.1'),
  },
  { requiredKeys: ['effect'] },
)
const rules = fc.array(rule, { maxLength: 5 })

test('an explanation says what the judge of a principal says', () => {
  const questions = fc.record({
    action: fc.constantFrom<Action>('publish', 'subscribe', 'receive'),
    topic: fc
      .array(fc.constantFrom('a', 'b', 'c1', 'ann', '$SYS'), { minLength: 1, maxLength: 4 })
      .map(all => all.join('/')),
  })
  fc.assert(
    fc.property(
      fc.option(rules, { nil: undefined }),
      fc.option(rules, { nil: undefined }),
      questions,
      (set, own, asked) => {
        const permissions = new Permissions({ rules: set })
        const identity = { user: 'ann', ...(own && { rules: own }) }
        const principal = permissions.principal(identity, { ...subject, tenant: 'default' })
        const allowed = principal.may(asked.action, asked.topic)
        expect(permissions.explain(principal, asked.action, asked.topic).allowed).toBe(allowed)
        expect(permissions.explain({ ...subject, identity }, asked.action, asked.topic).allowed).toBe(allowed)
      },
    ),
  )
})
