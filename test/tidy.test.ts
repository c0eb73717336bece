import { describe, expect, test } from 'vitest'
import { readSources } from './support/sources.ts'
import { rules } from './support/tidy-rules.ts'

const sources = readSources()

test('the sources are found', () => {
  for (const file of ['kernel/plugin.ts', 'protocols/mqtt/index.ts', 'server/main.ts', 'test/tidy.test.ts']) {
    expect(sources.has(file), `${file} is not among the sources that the rules look at`).toBe(true)
  }
})

describe.each(rules)('$promise', ({ check, breaches }) => {
  test('in all sources', () => {
    const complaints = check(sources)
    expect.soft(complaints, complaints.join('\n')).toEqual([])
  })

  test('and a breach is found', () => {
    const broken = new Map(Object.entries(breaches))
    const complaints = check(broken)
    for (const file of broken.keys()) expect(complaints.join('\n')).toContain(file)
    for (const complaint of complaints) expect(complaint).toMatch(/Mend: /)
  })
})
