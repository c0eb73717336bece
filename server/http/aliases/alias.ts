import { z } from 'zod'
import type { House } from '../house.ts'
import { inTurns, withBreaths } from '../in-turns.ts'
import type { Actor, Route } from '../route.ts'

/** One of RobustMQ's own paths, kept so that what speaks to it goes on working. */
export interface Alias {
  /** Below `/api`. Taken by GET and POST alike, as versions of RobustMQ differ in that. */
  readonly path: string
  readonly needs: Route['needs']
  /** Of the audit log; undefined: it changes nothing. */
  readonly action: string | undefined
  readonly group: string
  handle(house: House, given: Given, actor: Actor): unknown
}

/** Body and query alike. */
export type Given = Readonly<Record<string, unknown>>

const paging = z.looseObject({
  limit: z.coerce.number().int().min(1).max(10_000).catch(10_000),
  page: z.coerce.number().int().min(1).catch(1),
})

/** A list by page numbers, and how long it is without them. */
export async function paged<Item, View>(
  items: Iterable<Item>,
  given: Given,
  options: { keep?: (item: Item) => boolean; view: (item: Item) => View },
): Promise<{ data: View[]; total_count: number }> {
  const { limit, page } = paging.parse(given)
  const data: View[] = []
  let count = 0
  const look = (item: Item) => {
    if (options.keep && !options.keep(item)) return
    if (count >= (page - 1) * limit && data.length < limit) data.push(options.view(item))
    count++
  }
  await inTurns(withBreaths(items, look))
  return { data, total_count: count }
}

/** True when the field was not given, is empty, or is this. */
export function fits(given: Given, field: string, value: string | undefined): boolean {
  const wanted = given[field]
  return wanted === undefined || wanted === '' || wanted === value
}

/** Seconds since the epoch, as RobustMQ tells times. */
export function secondsOf(ms: number): number {
  return Math.floor(ms / 1_000)
}
