import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkFilter, checkTopic, hasWildcard, matches } from '../../../kernel/routing/topic.ts'
import { filters, topics } from './arbitraries.ts'

const limits = { topicBytes: 65_535, topicLevels: 128 }

describe('the grammar of topics', () => {
  test.each(['a', '/', '//', 'a/', '/a', ' ', '$', '$SYS/a', 'ü/世界/😀', '\ufeff', 'a\tb', '-', 'a b'])(
    'takes "%s"',
    topic => {
      expect(() => checkTopic(topic, limits)).not.toThrow()
      expect(() => checkFilter(topic, limits)).not.toThrow()
    },
  )
  test.each(['', '+', '#', 'a/+', 'a/#', '+a', 'a+', 'a#', '#a', 'a/+/b', 'a\0'])('refuses "%s"', topic => {
    expect(() => checkTopic(topic, limits)).toThrow(expect.objectContaining({ code: 'TOPIC_INVALID' }))
  })
  test('counts bytes and levels, and takes exactly as many as it may', () => {
    const narrow = { topicBytes: 6, topicLevels: 3 }
    for (const topic of ['abcdef', 'üüü', 'a/b/c', '世世']) expect(() => checkTopic(topic, narrow)).not.toThrow()
    for (const topic of ['abcdefg', 'üüüa', 'a/b/c/', '世世a', '///']) {
      expect(() => checkTopic(topic, narrow)).toThrow(expect.objectContaining({ code: 'TOPIC_INVALID' }))
      expect(() => checkFilter(topic, narrow)).toThrow(expect.objectContaining({ code: 'FILTER_INVALID' }))
    }
  })
  test('has no limit where the limit is 0', () => {
    const endless = { topicBytes: 0, topicLevels: 0 }
    for (const topic of ['a', '/'.repeat(100_000), 'x'.repeat(100_000)]) {
      expect(() => checkTopic(topic, endless)).not.toThrow()
      expect(() => checkFilter(topic, endless)).not.toThrow()
    }
  })
  test('never shows more than the beginning of what it refuses', () => {
    const long = `${'x'.repeat(100_000)}#`
    expect(() => checkTopic(long, limits)).toThrow(/^.{0,250}$/)
  })
})

describe('the grammar of filters', () => {
  test.each(['+', '#', '+/+', '+/#', 'a/+', 'a/#', '/+', '/#', '+/', 'a/+/b/#', '$SYS/#', '$SYS/+'])(
    'takes "%s"',
    filter => {
      expect(() => checkFilter(filter, limits)).not.toThrow()
      expect(hasWildcard(filter)).toBe(true)
    },
  )
  test.each(['', 'a#', '#a', 'a/#/b', '#/a', '##', 'a/##', 'a+', '+a', 'a/b+', 'a/+b/c', '++', '+#', '#+', 'a\0'])(
    'refuses "%s"',
    filter => {
      expect(() => checkFilter(filter, limits)).toThrow(expect.objectContaining({ code: 'FILTER_INVALID' }))
    },
  )
  test('takes a text exactly when each of its levels is a wildcard alone or has none, and # is the last', () => {
    const text = fc.array(fc.constantFrom('a', '+', '#', '/', '$', 'ü'), { maxLength: 8 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, filter => {
        const levels = filter.split('/')
        const wellFormed =
          filter !== '' &&
          levels.every((level, i) => (level === '#' ? i === levels.length - 1 : level === '+' || !/[+#]/.test(level)))
        let taken = true
        try {
          checkFilter(filter, limits)
        } catch {
          taken = false
        }
        expect(taken).toBe(wellFormed)
      }),
    )
  })
})

describe('matches', () => {
  /** Every filter that matches the topic, by trying each wildcard in each place: exponential, and obvious. */
  function filtersOf(topic: string): Set<string> {
    const levels = topic.split('/')
    let beginnings: string[][] = [[]]
    const all = new Set<string>()
    for (const level of levels) {
      for (const beginning of beginnings) all.add([...beginning, '#'].join('/'))
      beginnings = beginnings.flatMap(beginning => [
        [...beginning, level],
        [...beginning, '+'],
      ])
    }
    for (const whole of beginnings) {
      all.add(whole.join('/'))
      all.add([...whole, '#'].join('/'))
    }
    if (!topic.startsWith('$')) return all
    return new Set([...all].filter(filter => !/^[+#](\/|$)/.test(filter)))
  }

  test('agrees with the list of all filters that a topic has', () => {
    fc.assert(fc.property(topics, filters, (topic, filter) => matches(filter, topic) === filtersOf(topic).has(filter)))
  })
  test('holds for each filter of that list', () => {
    fc.assert(
      fc.property(topics, topic => {
        for (const filter of filtersOf(topic)) expect([filter, matches(filter, topic)]).toEqual([filter, true])
      }),
      { numRuns: 50 },
    )
  })
  test.each([
    ['a/#', 'a', true],
    ['a/#', 'a/', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a/+', 'a/b/c', false],
    ['+', '', true],
    ['+', '/', false],
    ['+/+', '/', true],
    ['/+', '/a', true],
    ['+', '/a', false],
    ['a', 'A', false],
    ['a', 'a/', false],
    ['#', '$SYS', false],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['$SYS/#', '$SYS', true],
    ['$SYS/+', '$SYS/a', true],
    ['$SYS/a/+', '$SYS/a/$b', true],
    ['a/+', 'a/$b', true],
    ['a/#', 'a/$b', true],
    ['\u0041\u030a', '\u00c5', false],
  ])('"%s" and "%s": %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected)
  })
})
