import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FilterTrie } from '../../../kernel/routing/filter-trie.ts'
import { matches } from '../../../kernel/routing/topic.ts'
import { filters, topics } from './arbitraries.ts'

interface Value {
  readonly name: string
}

const values: readonly Value[] = ['x', 'y', 'z'].map(name => ({ name }))

/** The slow statement of what the trie does: a list. */
class Reference {
  #pairs: { filter: string; value: Value }[] = []

  get size(): number {
    return this.#pairs.length
  }

  add(filter: string, value: Value): void {
    this.remove(filter, value)
    this.#pairs.push({ filter, value })
  }

  remove(filter: string, value: Value): boolean {
    const before = this.#pairs.length
    this.#pairs = this.#pairs.filter(pair => pair.filter !== filter || pair.value !== value)
    return this.#pairs.length < before
  }

  match(topic: string): string[] {
    return this.#pairs.flatMap(({ filter, value }) => (matches(filter, topic) ? [value.name] : [])).sort()
  }
}

function found(trie: FilterTrie<Value>, topic: string): string[] {
  const names: string[] = []
  trie.match(topic, ({ name }) => names.push(name))
  return names.sort()
}

const steps = fc.array(
  fc.record({ act: fc.constantFrom('add', 'add', 'remove'), filter: filters, value: fc.constantFrom(...values) }),
  { maxLength: 60 },
)

describe('the trie of filters', () => {
  test('finds for any topic what the list finds, whatever was added and removed before', () => {
    fc.assert(
      fc.property(steps, fc.array(topics, { minLength: 1, maxLength: 10 }), (acts, asked) => {
        const trie = new FilterTrie<Value>()
        const reference = new Reference()
        for (const { act, filter, value } of acts) {
          if (act === 'add') {
            trie.add(filter, value)
            reference.add(filter, value)
          } else expect(trie.remove(filter, value)).toBe(reference.remove(filter, value))
          expect(trie.size).toBe(reference.size)
          for (const topic of asked) expect(found(trie, topic)).toEqual(reference.match(topic))
        }
      }),
      { numRuns: 200 },
    )
  })
  test('keeps nothing of what was removed, in whatever order', () => {
    const trie = new FilterTrie<Value>()
    const list = Array.from({ length: 50_000 }, (_, i) => `${i % 7}/+/${i}/${i % 3 === 0 ? '#' : 'x'}`)
    const empty = heapBytes()
    for (const filter of list) trie.add(filter, values[0]!)
    expect(heapBytes() - empty).toBeGreaterThan(2_000_000)
    for (let i = 0; i < list.length; i++) trie.remove(list[(i * 7_919) % list.length]!, values[0]!)
    expect(trie.size).toBe(0)
    expect(heapBytes() - empty).toBeLessThan(1_000_000)
    expect(found(trie, '1/a/1/x')).toEqual([])
  })
  test('removes only the pair that was named, and nothing twice', () => {
    const trie = new FilterTrie<Value>()
    for (const value of values) trie.add('a/+/#', value)
    expect(trie.remove('a/+', values[0]!)).toBe(false)
    expect(trie.remove('a/#', values[0]!)).toBe(false)
    expect(trie.remove('a/+/#', values[1]!)).toBe(true)
    expect(trie.remove('a/+/#', values[1]!)).toBe(false)
    expect(found(trie, 'a/b/c')).toEqual(['x', 'z'])
    expect(trie.size).toBe(2)
  })
  test('matches and removes at the greatest depth that a topic can have', () => {
    const trie = new FilterTrie<Value>()
    const deep = '/'.repeat(65_534)
    trie.add(deep, values[0]!)
    trie.add('+/'.repeat(32_766), values[1]!)
    trie.add('#', values[2]!)
    expect(found(trie, deep)).toEqual(['x', 'z'])
    expect(found(trie, 'a/'.repeat(32_766))).toEqual(['y', 'z'])
    expect(trie.remove(deep, values[0]!)).toBe(true)
    expect(found(trie, deep)).toEqual(['z'])
  })
  test('asks of a topic of many levels no more than its filters hold, however many wildcards they have', () => {
    const trie = new FilterTrie<Value>()
    const levels = 20
    for (let bits = 0; bits < 1_000; bits++) {
      const filter = Array.from({ length: levels }, (_, i) => (bits & (1 << (i % 10)) ? '+' : 'a')).join('/')
      trie.add(filter, { name: String(bits) })
    }
    const topic = Array.from({ length: levels }, () => 'a').join('/')
    expect(found(trie, topic)).toHaveLength(1_000)
    expect(found(trie, `${topic}/a`)).toEqual([])
  })
})

/** Of the heap and of arrays of numbers, what is in use. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  // The memory of arrays that are gone is counted until the next time.
  gc()
  gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
