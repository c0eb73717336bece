import { z } from 'zod'
import { FirstOf } from './first-of.ts'
import { withBreaths } from './in-turns.ts'
import { Problem } from './problem.ts'
import type { Page } from './route.ts'
import { Search } from './search.ts'

export const pageLimit = 1_000

/** What every list takes in its query. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(pageLimit).default(100).describe('Elements at most.'),
  cursor: z.string().max(200_000).optional().describe('`meta.next` of the page before, which may be empty.'),
}

/** A page as a list of very many fills it. */
export interface PageInTheMaking<Item> {
  /** Whether it could show an element whose key begins with both: if not, the list passes over those. */
  wants(beginning: string, name: string): boolean
  offer(item: Item): void
}

interface PageOptions<Item, View> {
  readonly limit: number
  readonly cursor: string | undefined
  readonly keyOf: (item: Item) => string
  readonly view: (item: Item) => View
}

/**
 * The elements after the cursor in the order of their keys: stable while things come and go, because a cursor is a key
 * and not a position. One look at each element, so many a turn; never the whole list in memory.
 */
export function pageOf<Item, View>(
  items: Iterable<Item>,
  options: PageOptions<Item, View> & { readonly keep?: (item: Item) => boolean },
): Search<View> {
  const { keyOf, keep } = options
  const first = firstOf(options)
  let count = 0
  const look = (item: Item) => {
    if (keep && !keep(item)) return
    count++
    first.offer(keyOf(item), item)
  }
  return new Search(withBreaths(items, look), () => pageIn(first, options, () => count))
}

/** As `pageOf`, of so many elements that it must not look at each: how many there are it need not know. */
export function narrowedPageOf<Item, View>(
  /** What it yields are places to stop for breath: after some hundred looks each. */
  list: (page: PageInTheMaking<Item>) => Iterable<void>,
  options: PageOptions<Item, View> & {
    /** How many there are on all pages; undefined: only looking at each would tell. */
    readonly count?: () => number | undefined
    /** What is found twice is shown once. */
    readonly merge?: (held: Item, again: Item) => void
  },
): Search<View> {
  const { keyOf, merge, count } = options
  const first = firstOf(options, merge)
  const steps = list({ wants: first.wants, offer: item => first.offer(keyOf(item), item) })
  return new Search(steps, () => pageIn(first, options, () => count?.()))
}

function firstOf<Item, View>(
  { limit, cursor }: PageOptions<Item, View>,
  merge?: (held: Item, again: Item) => void,
): FirstOf<Item> {
  return new FirstOf<Item>(limit + 1, { after: cursor === undefined ? undefined : readCursor(cursor), merge })
}

function pageIn<Item, View>(
  first: FirstOf<Item>,
  { limit, cursor, view }: PageOptions<Item, View>,
  count: () => number | undefined,
): Page<View> {
  const found = first.sorted()
  const next = found.length > limit ? found[limit - 1]?.[0] : undefined
  const whole = cursor === undefined && next === undefined
  return {
    data: found.slice(0, limit).map(([, item]) => view(item)),
    meta: {
      next: next === undefined ? null : Buffer.from(next).toString('base64url'),
      count: count() ?? (whole ? found.length : null),
    },
  }
}

function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString()
  if (Buffer.from(key).toString('base64url') === cursor) return key
  throw new Problem('invalid-request', 'the cursor is not one that this list gave', {
    errors: [{ in: 'query', pointer: '/cursor', message: 'expected `meta.next` of the page before' }],
  })
}
