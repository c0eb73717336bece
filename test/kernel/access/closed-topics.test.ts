import { expect, test } from 'vitest'
import { type PermissionOptions, Permissions } from '../../../kernel/access/index.ts'
import type { Identity } from '../../../kernel/plugin.ts'

function client(options: PermissionOptions, identity: Partial<Identity> = {}) {
  const subject = { clientId: 'c', address: '10.0.0.1', tenant: 'default' }
  return new Permissions(options).principal({ user: 'u', ...identity }, subject)
}

test('what bridges could not send is read by nobody, unless a rule or an identity allows it', () => {
  for (const options of [
    {},
    { noMatch: 'allow' } as const,
    { rules: [{ effect: 'allow', filters: ['#'] }] } as const,
  ]) {
    const ordinary = client(options)
    expect(ordinary.may('subscribe', '$dlq/#')).toBe(false)
    expect(ordinary.may('receive', '$dlq/b')).toBe(false)
    expect(ordinary.may('receive', '$dlqs/b')).toBe(options.rules === undefined)
    expect(ordinary.may('receive', 'a')).toBe(true)
  }
  const allowed = client({ rules: [{ effect: 'allow', filters: ['$dlq/b'], user: 'u' }] })
  expect(allowed.may('receive', '$dlq/b')).toBe(true)
  expect(allowed.may('receive', '$dlq/c')).toBe(false)
  expect(client({}, { superuser: true }).may('subscribe', '$dlq/#')).toBe(true)
})

test('a client is told the same reason as it is judged by', () => {
  const permissions = new Permissions({})
  const subject = { clientId: 'c', user: 'u', address: '10.0.0.1', tenant: 'default' }
  expect(permissions.explain(subject, 'receive', '$dlq/b')).toMatchObject({ allowed: false })
  expect(permissions.explain(subject, 'receive', 'a')).toMatchObject({ allowed: true })
})
