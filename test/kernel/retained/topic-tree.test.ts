import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Message } from '../../../kernel/plugin.ts'
import { TopicTree } from '../../../kernel/retained/topic-tree.ts'
import { matches } from '../../../kernel/routing/topic.ts'

const message = (topic: string) => new Message({ topic, payload: Buffer.from('x') })

/** All that a filter matches. */
const found = (tree: TopicTree, filter: string) => [...tree.match(filter)].filter(one => one !== undefined)

/** Few names, so that topics and filters meet; empty levels and '$' among them. */
const level = fc.constantFrom('a', 'b', 'c', '', '$a', '__proto__')
const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map(levels => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .filter(([levels, all]) => levels.length > 0 || all)
  .map(([levels, all]) => [...levels, ...(all ? ['#'] : [])].join('/'))

test('a filter finds exactly the topics that it matches by the slow reference, after any sets and deletes', () => {
  const steps = fc.array(fc.record({ topic, set: fc.boolean() }), { maxLength: 40 })
  fc.assert(
    fc.property(steps, filter, (changes, wanted) => {
      const tree = new TopicTree()
      const reference = new Map<string, Message>()
      for (const { topic: changed, set } of changes) {
        if (set) {
          const next = message(changed)
          expect(tree.set(next)).toBe(reference.get(changed))
          reference.set(changed, next)
        } else {
          expect(tree.delete(changed)).toBe(reference.get(changed))
          reference.delete(changed)
        }
        expect(tree.get(changed)).toBe(reference.get(changed))
      }
      const matched = found(tree, wanted)
      const surveyed: Message[] = []
      for (const _ of tree.survey(wanted, { wants: () => true, found: one => surveyed.push(one) }));
      expect(new Set(surveyed)).toEqual(new Set(matched))
      expect(surveyed).toHaveLength(matched.length)
      const expected = [...reference.values()].filter(held => matches(wanted, held.topic))
      expect(new Set(matched)).toEqual(new Set(expected))
      expect(matched).toHaveLength(expected.length)
    }),
    { numRuns: 500 },
  )
})

test('a walk sees what changes meanwhile and never fails for it', () => {
  const tree = new TopicTree()
  for (const name of ['a/1', 'a/2', 'a/3', 'b']) tree.set(message(name))
  const walk = tree.match('#')
  const seen = [walk.next().value?.topic]
  tree.delete('a/2')
  tree.delete('a/3')
  tree.set(message('c'))
  for (const next of walk) seen.push(next?.topic)
  expect(seen).toEqual(['a/1', 'b', 'c'])
})

test('ten thousand levels are walked without recursion below a "#"', () => {
  const tree = new TopicTree()
  const deep = Array(10_000).fill('x').join('/')
  tree.set(message(deep))
  expect(found(tree, '#').map(({ topic }) => topic.length)).toEqual([deep.length])
  expect(tree.delete(deep)).toBeDefined()
  expect(found(tree, '#')).toEqual([])
})

test('a large tree is read lazily: the first value costs no walk through all of them', () => {
  const tree = new TopicTree()
  for (let i = 0; i < 1_000; i++) tree.set(message(`t/${i}`))
  const walk = tree.match('t/+')
  expect(walk.next().value?.topic).toBe('t/0')
  for (let i = 1; i < 1_000; i++) tree.delete(`t/${i}`)
  expect(walk.next().value).toBeUndefined()
})

test('a survey goes nowhere that is not wanted', () => {
  const tree = new TopicTree()
  for (const one of ['a/1', 'a/2', 'b/1', 'b/2', 'c']) tree.set(message(one))
  const asked: string[] = []
  const found: string[] = []
  const wants = (beginning: string, name: string) => {
    asked.push(beginning + name)
    return name === 'b'
  }
  for (const _ of tree.survey('#', { wants, found: ({ topic: one }) => found.push(one) }));
  expect(asked).toEqual(['a', 'b'])
  expect(found).toEqual(['b/1', 'b/2', 'c'])
})

test('a survey that looks at very many stops for breath, whether it finds anything or not', () => {
  const tree = new TopicTree()
  for (let n = 0; n < 10_000; n++) tree.set(message(`a/${n}`))
  for (const wanted of ['#', 'a/+', '+/+/none']) {
    const breaths = [...tree.survey(wanted, { wants: () => true, found: () => {} })]
    expect(breaths.length, wanted).toBeGreaterThanOrEqual(9)
  }
})

test('what is below a topic is one level of it, and nothing is below one that ends', () => {
  const tree = new TopicTree()
  for (const one of ['a', 'a/1', 'a/2/x', 'a/3', 'b']) tree.set(message(one))
  const below = (of: string | undefined) => {
    const found: string[] = []
    for (const _ of tree.surveyLevel(of, { wants: name => name !== '3', found: ({ name }) => found.push(name) }));
    return found
  }
  expect([below(undefined), below('a')]).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ])
  expect([...below('b'), ...below('a/1'), ...below('z')]).toEqual([])
})

test('where nothing is found for long, the reader may stop for breath', () => {
  const tree = new TopicTree()
  for (let i = 0; i < 100_000; i++) tree.set(message(`t/${i}/a`))
  const walk = tree.match('t/+/b')
  const breaths = [...walk]
  expect(breaths.length).toBeGreaterThan(10)
  expect(new Set(breaths)).toEqual(new Set([undefined]))
  expect(walk.next()).toEqual({ done: true, value: undefined })
})
