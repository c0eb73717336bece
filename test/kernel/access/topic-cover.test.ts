import fc from 'fast-check'
import { expect, test } from 'vitest'
import { covers, filterFault, matchesLevels } from '../../../kernel/access/topic-cover.ts'
import { matches } from '../../../kernel/routing/topic.ts'

const names = ['a', 'b', '', '$s']

/** Every topic of up to `depth` levels over the names. Two names more than a filter can say are enough to tell two filters apart. */
function topics(depth: number): string[] {
  const all: string[] = []
  let row: string[][] = [[]]
  for (let level = 0; level < depth; level += 1) {
    row = row.flatMap(head => [...names, 'z'].map(name => [...head, name]))
    all.push(...row.map(levels => levels.join('/')))
  }
  return all
}

const universe = topics(4)

const filter = fc
  .tuple(fc.array(fc.constantFrom(...names, '+'), { maxLength: 3 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels, '#'] : levels).join('/'))
  .filter(text => text !== '')

test('a filter covers another exactly when it matches every topic the other matches', () => {
  let covered = 0
  fc.assert(
    fc.property(filter, filter, (wide, narrow) => {
      const reached = universe.filter(topic => matches(narrow, topic))
      const expected = reached.every(topic => matches(wide, topic))
      if (expected) covered += 1
      return covers(wide, narrow) === expected
    }),
    { numRuns: 2_000 },
  )
  expect(covered).toBeGreaterThan(20)
})

test('a filter cut into levels matches what the filter matches', () => {
  fc.assert(
    fc.property(filter, fc.constantFrom(...universe), (text, topic) => {
      return matchesLevels(text.split('/'), topic.split('/')) === matches(text, topic)
    }),
    { numRuns: 2_000 },
  )
})

test('a filter covers itself', () => {
  fc.assert(fc.property(filter, text => covers(text, text)))
})

test('"#" and "+/.." do not cover topics that begin with "$" [hostile 22]', () => {
  expect(covers('#', '$SYS/#')).toBe(false)
  expect(covers('+/#', '$SYS/broker')).toBe(false)
  expect(covers('$SYS/#', '$SYS/+')).toBe(true)
  expect(covers('#', 'a/#')).toBe(true)
  expect(covers('+/#', '#')).toBe(true)
})

test('a filter of 30,000 levels is compared without recursion', () => {
  const deep = Array.from({ length: 30_000 }, () => '+').join('/')
  expect(covers('#', deep)).toBe(true)
  expect(covers(deep, deep)).toBe(true)
  expect(covers(`${deep}/a`, deep)).toBe(false)
})

test.each([
  ['', 'is empty'],
  ['a#', 'beside'],
  ['a/+b', 'beside'],
  ['#/a', 'before its last'],
  ['a\0', 'NUL'],
])('the filter %j is refused', (text, fault) => {
  expect(filterFault(text)).toContain(fault)
})

test.each(['#', '+', 'a//b', '/', '+/+/#', '$SYS/#'])('the filter %j is well formed', text => {
  expect(filterFault(text)).toBeUndefined()
})
