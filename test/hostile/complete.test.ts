import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const here = import.meta.dirname
const root = path.join(here, '..')

function classes(): number[] {
  const lines = readFileSync(path.join(here, 'classes.txt'), 'utf8').split('\n').filter(Boolean)
  return lines.map(line => Number(line.split('\t')[0]))
}

/** Numbers that tests name; those that are skipped or expected to fail prove nothing. */
function proven(source: string): number[] {
  return source.split('\n').flatMap((line, at, lines) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return []
    if (/\.(fails|skip|todo)\b/.test(`${lines[at - 1] ?? ''}\n${line}`)) return []
    return [...line.matchAll(/\[hostile (\d+)\]/g)].map(([, number]) => Number(number))
  })
}

function allProven(): Set<number> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  const sources = files.filter(name => path.basename(name) !== 'complete.test.ts')
  return new Set(sources.flatMap(name => proven(readFileSync(path.join(root, name), 'utf8'))))
}

function waiting(): number[] {
  const page = readFileSync(path.join(here, 'README.md'), 'utf8')
  return [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number))
}

test('every class of hostile input has a test, or a row that says what it waits for', () => {
  const done = new Set([...allProven(), ...waiting()])
  expect(classes().filter(number => !done.has(number))).toEqual([])
})

test('there are the classes 1 to 57, and no test names another', () => {
  expect(classes()).toEqual(Array.from({ length: 57 }, (_, i) => i + 1))
  expect([...allProven()].filter(number => !classes().includes(number))).toEqual([])
})

test('no row waits for what is proven already', () => {
  expect(waiting().filter(number => allProven().has(number))).toEqual([])
})

test('what is skipped or commented proves nothing', () => {
  const mark = (number: number) => `[${'hostile'} ${number}]`
  const source = [
    `test('a ${mark(1)}', f)`,
    `// ${mark(2)}`,
    `test.fails('b ${mark(3)}', f)`,
    `test.${'skip'}(`,
    `  'c ${mark(4)}',`,
  ]
  expect(proven(source.join('\n'))).toEqual([1])
})
