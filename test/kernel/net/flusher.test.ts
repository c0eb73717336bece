import { expect, test } from 'vitest'
import { type Flushable, Flusher } from '../../../kernel/net/flusher.ts'

const turn = () => new Promise(setImmediate)

function outputs(count: number, name: string, flushed: string[]): Flushable[] {
  return Array.from({ length: count }, (_, i) => ({ flush: () => void flushed.push(`${name}${i}`) }))
}

test('what a turn has to write is written once, at its end', async () => {
  const flusher = new Flusher()
  const flushed: string[] = []
  for (const output of outputs(10, 'a', flushed)) flusher.mark(output)
  expect(flushed).toEqual([])
  await turn()
  expect(flushed).toEqual(Array.from({ length: 10 }, (_, i) => `a${i}`))
  expect(flusher.behind).toBe(false)
})

test('who has little to write does not wait for a thousand others, and each of them has its turn', async () => {
  const flusher = new Flusher()
  const flushed: string[] = []
  for (const output of outputs(1_000, 'many', flushed)) flusher.mark(output)
  flusher.mark({ flush: () => void flushed.push('few') })
  await turn()
  expect(flushed).toContain('few')
  expect(flushed.length).toBeLessThan(300)
  expect(flusher.behind).toBe(true)
  // As many come in every turn as one can write: those that were left go on all the same.
  let turns = 1
  for (; flusher.behind && turns < 100; turns++) {
    for (const output of outputs(100, `t${turns}-`, flushed)) flusher.mark(output)
    await turn()
  }
  expect(turns).toBeLessThan(20)
  expect(new Set(flushed.filter(name => name.startsWith('many'))).size).toBe(1_000)
  expect(new Set(flushed).size).toBe(flushed.length)
})

test('who comes last is among the first that are written to, before what earlier turns left', async () => {
  const flusher = new Flusher()
  const flushed: string[] = []
  for (let turns = 0; turns < 3; turns++) {
    flushed.length = 0
    for (const output of outputs(1_000, `many${turns}-`, flushed)) flusher.mark(output)
    flusher.mark({ flush: () => void flushed.push('last') })
    await turn()
    expect(flushed.indexOf('last')).toBe(127)
  }
})
