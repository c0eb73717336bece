import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Mutant, mutated, sourceOf } from './mutant.ts'
import { type Killer, mutations } from './mutations.ts'

test('each planted fault has its place in the source', async () => {
  for (const mutation of mutations) expect(mutated(await sourceOf(mutation), mutation)).toContain(mutation.replace)
  expect(new Set(mutations.map(({ fault }) => fault)).size).toBe(mutations.length)
})

test('each of them is listed where durability is described', async () => {
  const listed = await readFile('docs/reference/durability.md', 'utf8')
  for (const { fault } of mutations) expect(listed).toContain(`| ${fault} |`)
})

if (process.env.MUTATIONS !== undefined) {
  describe('planted faults are noticed', async () => {
    const mutant = await Mutant.create()
    const sound = new Map<string, Promise<boolean>>()
    /** Without a fault it passes: once for all faults that it is to notice. */
    const passes = (killer: Killer) => {
      const key = JSON.stringify(killer)
      const known = sound.get(key) ?? mutant.passes(killer)
      sound.set(key, known)
      return known
    }
    for (const mutation of mutations) {
      test(`${mutation.fault}: ${mutation.killer.file}`, async () => {
        expect(await passes(mutation.killer)).toBe(true)
        expect(await mutant.isNoticed(mutation)).toBe(true)
      }, 1_200_000)
    }
    test('what was copied is removed', () => mutant[Symbol.asyncDispose]())
  })
}
