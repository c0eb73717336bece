import { expect, test } from 'vitest'
import { Permissions } from '../../../kernel/access/index.ts'
import { OpenTopics } from '../../../kernel/access/open-topics.ts'

const subject = { clientId: 'c', address: '127.0.0.1', tenant: 'default' }

test('a topic that begins with "$" is closed unless its first level is opened', () => {
  const open = new OpenTopics(['$aws', '$'])
  expect(['$aws', '$aws/x', '$', '$/x', 'a', '', '/$SYS'].map(topic => open.has(topic))).toEqual(Array(7).fill(true))
  expect(['$SYS', '$SYS/x', '$awsx', '$aw', '$$'].map(topic => open.has(topic))).toEqual(Array(5).fill(false))
})

test.each(['aws', '', '$aws/x', '$+', '$#', '$a\0'])('%j opens nothing and is refused', level => {
  expect(() => new OpenTopics([level])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('no rule and no superuser opens the topics of the broker to a publish; reading them is for rules to say [hostile 21]', () => {
  const permissions = new Permissions({ rules: [{ effect: 'allow' }, { effect: 'allow', filters: ['$SYS/#'] }] })
  for (const identity of [{ user: 'any' }, { user: 'root', superuser: true }]) {
    const principal = permissions.principal(identity, subject)
    expect(principal.may('publish', '$SYS/broker/uptime')).toBe(false)
    expect(principal.may('publish', 'plain')).toBe(true)
    expect(principal.may('subscribe', '$SYS/#')).toBe(true)
    expect(principal.may('receive', '$SYS/broker/uptime')).toBe(true)
  }
})

test('what is opened obeys the rules, and a reload closes it again, cached answers included [hostile 28]', () => {
  const rules = [{ effect: 'deny', filters: ['$aws/secret'] }, { effect: 'allow' }] as const
  const permissions = new Permissions({ rules, openTopics: ['$aws'] })
  const principal = permissions.principal({ user: 'any' }, subject)
  const asked = () => ['$aws/things', '$aws/secret', '$SYS/x'].map(topic => principal.may('publish', topic))
  expect(asked()).toEqual([true, false, false])
  permissions.replace({ rules })
  expect(asked()).toEqual([false, false, false])
  expect(() => permissions.replace({ rules, openTopics: ['bad'] })).toThrow()
  expect(asked()).toEqual([false, false, false])
})
