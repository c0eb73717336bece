import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksPerTurn, withBreaths } from '../../../server/http/in-turns.ts'
import { narrowedPageOf, type PageInTheMaking, pageOf } from '../../../server/http/page.ts'
import type { Search } from '../../../server/http/search.ts'

const identity = (key: string) => key
const options = { limit: 10, cursor: undefined, keyOf: identity, view: identity }

/** A page that is looked for to its end. */
async function whole<Item>(search: Search<Item>) {
  const page = await search.goOn()
  if (!page) throw new Error('the search stopped before its end')
  return page
}

/** All pages of a list, one after the other. */
async function pages(page: (cursor: string | undefined) => Search<string>) {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const { data, meta } = await whole(page(cursor))
    found.push(...data)
    cursor = meta.next ?? undefined
  } while (cursor !== undefined)
  return found
}

/** Few letters, so that beginnings are shared. */
const key = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 6 })
const keys = fc.uniqueArray(key, { maxLength: 60 })
const limit = fc.integer({ min: 1, max: 7 })

test('pages one after the other are the sorted list, however many a page has', async () => {
  await fc.assert(
    fc.asyncProperty(keys, limit, async (given, most) => {
      const found = await pages(cursor => pageOf(given, { ...options, limit: most, cursor }))
      expect(found).toEqual([...given].sort())
    }),
  )
})

test('a list that passes over what is not wanted has the same pages', async () => {
  await fc.assert(
    fc.asyncProperty(keys, limit, async (given, most) => {
      const found = await pages(cursor =>
        narrowedPageOf(
          ({ wants, offer }) => withBreaths(given, one => void (wants(one.slice(0, 2), one.slice(2, 4)) && offer(one))),
          {
            ...options,
            limit: most,
            cursor,
          },
        ),
      )
      expect(found).toEqual([...given].sort())
    }),
  )
})

test('what comes twice is one element, merged', async () => {
  const given = [
    { key: 'b', seen: 1 },
    { key: 'a', seen: 1 },
    { key: 'b', seen: 1 },
  ]
  const search = narrowedPageOf(({ offer }: PageInTheMaking<(typeof given)[number]>) => withBreaths(given, offer), {
    limit: 2,
    cursor: undefined,
    keyOf: one => one.key,
    merge: (held, again) => {
      held.seen += again.seen
    },
    view: one => `${one.key}${one.seen}`,
  })
  expect((await whole(search)).data).toEqual(['a1', 'b2'])
})

test('how many there are is told when it is known or all were seen, and else not', async () => {
  const given = Array.from({ length: 20 }, (_, i) => String(i).padStart(2, '0'))
  const countOf = async (more: Partial<Parameters<typeof narrowedPageOf<string, string>>[1]>) =>
    (await whole(narrowedPageOf<string, string>(({ offer }) => withBreaths(given, offer), { ...options, ...more })))
      .meta.count
  expect((await whole(pageOf(given, options))).meta.count).toBe(20)
  expect(await countOf({})).toBe(null)
  expect(await countOf({ count: () => 20 })).toBe(20)
  expect(await countOf({ limit: 100 })).toBe(20)
  expect(await countOf({ limit: 100, cursor: Buffer.from('04').toString('base64url') })).toBe(null)
})

test('a page that looks at very many, found or passed over, gives everybody else their turns', async () => {
  let turns = 0
  let done = false
  const others = () => {
    if (done) return
    turns++
    setImmediate(others)
  }
  setImmediate(others)
  const looks = 20 * looksPerTurn
  const passed = narrowedPageOf(() => withBreaths(Array.from({ length: looks }), () => {}), options)
  const found = pageOf(
    Array.from({ length: looks }, (_, i) => String(i)),
    options,
  )
  // At once, and each turn still has a step of only one of them.
  await Promise.all([whole(passed), whole(found)])
  done = true
  expect(turns).toBeGreaterThanOrEqual(40)
})
