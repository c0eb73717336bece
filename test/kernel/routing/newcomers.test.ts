import { expect, test } from 'vitest'
import { Newcomers } from '../../../kernel/routing/newcomers.ts'

test('a topic is new once, and again when very many others came', () => {
  const newcomers = new Newcomers()
  expect(newcomers.first('a/b')).toBe(true)
  expect(newcomers.first('a/b')).toBe(false)
  for (let i = 0; i < 1_000_000; i++) newcomers.first(`other/${i}`)
  expect(newcomers.first('a/b')).toBe(true)
})
