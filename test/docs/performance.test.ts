import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readArguments } from '../../bench/arguments.ts'
import { cases } from '../../bench/cases.ts'

const page = readFileSync(new URL('../../docs/reference/performance.md', import.meta.url), 'utf8')

test('every command of the page is one that the harness takes', () => {
  const commands = [...page.matchAll(/^npm run bench -- (.+)$/gm)].map(([, rest]) => (rest ?? '').split(' '))
  expect(commands.length).toBeGreaterThan(1)
  for (const command of commands) expect(readArguments(command).cases.length).toBeGreaterThan(5)
})

test('every case has its row', () => {
  expect([...cases.keys()].filter(name => !new RegExp(`^\\| ${name} \\|`, 'm').test(page) && name !== 'conn')).toEqual(
    [],
  )
})

test('what cannot be measured is told, not begun', () => {
  expect(() => readArguments(['p2p-q9'])).toThrow('no case "p2p-q9"')
  expect(() => readArguments(['conn', '--brokers', 'ours,other'])).toThrow('no broker "other"')
  expect(() => readArguments(['conn', '--rounds', '0'])).toThrow('from 1 to 100')
  expect(() => readArguments([])).toThrow('no case')
})
