import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rewriter } from '../../../protocols/mqtt/topics/rewriter.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, message, messages, publishCode } from './client.ts'

function rewriting(...rewrite: object[]): Promise<TestBroker> {
  return startBroker({ mqtt: { rewrite }, kernel: { access: { anonymous: 'always' } } })
}

test('a publish goes to the new topic: $1, $2 are what + and # stood for', async () => {
  await using broker = await rewriting({ action: 'publish', filter: 'old/+/x/#', to: 'new/$2/$1' })
  await using one = await client(broker)
  await one.subscribe('#')
  await one.publish('old/a/x/b/c', '1')
  expect(await message(one)).toEqual(['new/b/c/a', '1'])
  await one.publish('old/a/y', '2')
  expect(await message(one)).toEqual(['old/a/y', '2'])
})

test('a subscribe goes to the new filter, and an unsubscribe finds it', async () => {
  await using broker = await rewriting({ action: 'subscribe', filter: 'old/#', to: 'new/$1' })
  await using one = await client(broker)
  await one.subscribe('old/+/t')
  await one.publish('new/a/t', '1')
  expect(await message(one)).toEqual(['new/a/t', '1'])
  // Publishes are not this rule's.
  await one.publish('old/a/t', '2')
  await one.nothing()
  expect((await one.unsubscribe('old/+/t')).granted).toEqual([0])
  await one.publish('new/a/t', '3')
  await one.nothing()
})

test('a + of a rule does not take in what a # of a subscription reaches', async () => {
  await using broker = await rewriting({ action: 'subscribe', filter: 'old/+', to: 'new/$1' })
  await using one = await client(broker)
  await one.subscribe('old/#')
  for (const topic of ['new/a/b', 'old/a/b']) await one.publish(topic, 'x')
  await one.ping()
  expect(messages(one)).toEqual([['old/a/b', 'x']])
})

test('what the wildcards stood for is what a plain regular expression finds', async () => {
  const level = fc.constantFrom('a', 'b', '', '$x', '.')
  const pattern = fc.constantFrom('a', 'b', '', '.', '+')
  const ruleFilter = fc
    .tuple(fc.array(pattern, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  await fc.assert(
    fc.asyncProperty(ruleFilter, fc.array(level, { minLength: 1, maxLength: 5 }), async (filter, levels) => {
      const topic = levels.join('/')
      const rewriter = await Rewriter.open([{ action: 'all', filter, to: '<$1|$2|$3|$4|$5>' }])
      const groups = reference(filter).exec(topic)?.slice(1)
      const hidden = topic.startsWith('$') && /^[+#]/.test(filter)
      const expected = groups && !hidden ? `<${[0, 1, 2, 3, 4].map(i => groups[i] ?? '').join('|')}>` : topic
      expect(rewriter.publish(topic, 'c', undefined)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
})

/** Slow and obvious: `+` is one level, `#` the rest, the parent included. */
function reference(filter: string): RegExp {
  const levels = filter.split('/').map(one => (one === '+' ? '([^/]*)' : one.replaceAll('.', '\\.')))
  const open = levels.at(-1) === '#' && levels.pop()
  if (!open) return new RegExp(`^${levels.join('/')}$`)
  return new RegExp(levels.length === 0 ? '^(.*)$' : `^${levels.join('/')}(?:/(.*))?$`)
}

test('a rule for all keeps publishers and subscribers together', async () => {
  await using broker = await rewriting({ action: 'all', filter: 'old/#', to: 'new/$1' })
  await using one = await client(broker)
  await one.subscribe('old/#')
  await one.publish('old/t', '1')
  await one.publish('new/t', '2')
  await one.ping()
  expect(messages(one)).toEqual([
    ['new/t', '1'],
    ['new/t', '2'],
  ])
})

test('a shared or exclusive filter is rewritten inside its prefix', async () => {
  await using broker = await rewriting({ action: 'subscribe', filter: 'old/#', to: 'new/$1' })
  await using one = await client(broker)
  await one.subscribe([{ topic: '$share/g/old/s' }, { topic: '$queue/old/q' }, { topic: '$exclusive/old/e' }])
  for (const topic of ['new/s', 'new/q', 'new/e']) await one.publish(topic, 'x')
  await one.ping()
  expect(messages(one).map(([topic]) => topic)).toEqual(['new/s', 'new/q', 'new/e'])
})

test('a delayed publish is rewritten at its target', async () => {
  await using broker = await startBroker({
    time: 'manual',
    mqtt: { rewrite: [{ filter: 'old/#', to: 'new/$1' }] },
  })
  await using one = await client(broker)
  await one.subscribe('new/#')
  await publishCode(one, '$delayed/1/old/t')
  await broker.clock.advance(1_000)
  expect(await message(one)).toEqual(['new/t', 'x'])
})

test('groups of a regular expression are $1, $2; without a match the topic stays', async () => {
  await using broker = await rewriting({ filter: 'dev/#', match: '^dev/(\\w+)-(\\d+)/(.+)$', to: 'd/$2/$1/$3' })
  await using one = await client(broker)
  await one.publish('dev/pump-7/a/b', '1')
  await one.subscribe('#')
  await one.publish('dev/pump-7/a/b', '2')
  await one.publish('dev/pump/a', '3')
  await one.ping()
  expect(messages(one)).toEqual([
    ['d/7/pump/a/b', '2'],
    ['dev/pump/a', '3'],
  ])
})

test('client id and user name can be part of the new topic', async () => {
  await using broker = await rewriting({ action: 'publish', filter: 'me/#', to: 'of/${username}/${clientid}/$1' })
  await using one = await client(broker, { clientId: 'c1', username: 'ann' })
  await one.subscribe('of/#')
  await one.publish('me/x', '1')
  expect(await message(one)).toEqual(['of/ann/c1/x', '1'])
})

test('a client called like a topic of the server is not led there', async () => {
  await using broker = await rewriting({ filter: 'me', to: '${clientid}/x' })
  await using one = await client(broker, { clientId: '$SYS' })
  await one.subscribe('me')
  await one.publish('me', '1')
  expect(await message(one)).toEqual(['me', '1'])
})

test.each(['a/b', '+', '#', 'x#'])('a client called %s keeps the topic as it was', async clientId => {
  await using broker = await rewriting({ filter: 'me', to: 'of/${clientid}' })
  await using one = await client(broker, { clientId })
  await one.subscribe('#')
  await one.publish('me', '1')
  expect(await message(one)).toEqual(['me', '1'])
})

test('of several rules that match the last one wins', async () => {
  await using broker = await rewriting({ filter: 'a/#', to: 'first' }, { filter: 'a/b', to: 'second' })
  await using one = await client(broker)
  await one.subscribe('#')
  await one.publish('a/b', '1')
  await one.publish('a/c', '2')
  await one.ping()
  expect(messages(one)).toEqual([
    ['second', '1'],
    ['first', '2'],
  ])
})

test('a will is rewritten too', async () => {
  await using broker = await rewriting({ action: 'publish', filter: 'old/#', to: 'new/$1' })
  await using watcher = await client(broker)
  await watcher.subscribe('new/#')
  const doomed = await client(broker, {
    will: { topic: 'old/w', payload: Buffer.from('dead'), qos: 0, retain: false },
  })
  await doomed.drop()
  expect(await message(watcher)).toEqual(['new/w', 'dead'])
})

test('rights are asked of the new topic', async () => {
  await using broker = await startBroker({
    mqtt: { rewrite: [{ filter: 'open/#', to: 'secret/$1' }] },
    kernel: { access: { rules: [{ effect: 'deny', filters: ['secret/#'] }], noMatch: 'allow' } },
  })
  await using one = await client(broker)
  expect(await publishCode(one, 'open/a')).toBe(0x87)
  expect((await one.subscribe('open/a')).granted).toEqual([0x87])
})

test('no rule leads a client to the server’s own topics', async () => {
  await using broker = await rewriting({ action: 'publish', filter: 'raw/#', to: '$1' })
  await using watcher = await client(broker)
  await watcher.subscribe([{ topic: '$SYS/#' }, { topic: '$events/fake' }, { topic: '$sparkplug/#' }])
  for (const target of ['$SYS/broker/version', '$events/fake', '$sparkplug/certificates/x', '$delayed/1/a']) {
    expect(await publishCode(watcher, `raw/${target}`)).toBe(0x87)
  }
  const will = { topic: 'raw/$SYS/x', payload: Buffer.from('x'), qos: 0, retain: false } as const
  const refused = await broker.wire()
  expect((await refused.connect({ will })).reasonCode).toBe(0x87)
  await watcher.nothing()
})

test('a new topic with a wildcard in it is refused, not published', async () => {
  await using broker = await rewriting({ action: 'publish', filter: 'a/#', to: 'b/+' })
  await using one = await client(broker)
  expect(await publishCode(one, 'a/x')).toBe(0x90)
})

test('an expression that is none does not start', async () => {
  await expect(rewriting({ filter: 'a', match: '(', to: 'b' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('an expression with a back-reference does not start: matching stays linear in time', async () => {
  await expect(rewriting({ filter: 'a', match: '(a+)\\1', to: 'b' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('a pattern that others choke on is judged in linear time', async () => {
  await using broker = await rewriting({ filter: '#', match: '^(a+)+$', to: 'b' })
  await using one = await client(broker)
  await one.subscribe('#')
  const topic = `${'a'.repeat(20_000)}!`
  await one.publish(topic, 'x')
  await one.ping()
  expect(messages(one)).toEqual([[topic, 'x']])
})
