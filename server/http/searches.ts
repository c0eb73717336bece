import { randomBytes } from 'node:crypto'
import type { Clock } from '../../kernel/plugin.ts'
import type { Page } from './route.ts'
import { Search } from './search.ts'

/** What one request looks for its page; ms. What else an answer takes is little. */
const lookMs = 50
/** Searches that wait to be gone on with. When so many do, another goes on to its end at once, as long as that takes. */
export const mostPaused = 32
/** One that nobody goes on with is given up. */
export const keptMs = 60_000

interface Paused {
  readonly search: Search<unknown>
  readonly asked: string
  readonly forget: () => void
}

/** What is asked for: the caller, the list, its filters. */
export interface Asking {
  readonly asked: string
  /** `meta.next` of the answer before. */
  readonly cursor: string | undefined
  /** Begins the search; the cursor it gets is that of the page before. */
  begin(cursor: string | undefined): unknown
}

/**
 * Fills pages, a part of the work a request. Which elements come first is only known when all were looked at, so a page
 * is empty until then, and its `next` is the cursor it was asked with, a dot, and a name of the search that goes on.
 */
export class Searches {
  readonly #clock: Clock
  readonly #paused = new Map<string, Paused>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async page({ asked, cursor, begin }: Asking): Promise<Page<unknown>> {
    const [after, name] = cursor === undefined ? [] : parts(cursor)
    const begun = this.#take(name, asked) ?? (await begin(after))
    if (!(begun instanceof Search)) return begun as Page<unknown>
    const until = this.#clock.now() + lookMs
    const page = await begun.goOn(() => this.#clock.now() >= until && this.#paused.size < mostPaused)
    return page ?? { data: [], meta: { next: `${after ?? ''}.${this.#pause(begun, asked)}`, count: null } }
  }

  #pause(search: Search<unknown>, asked: string): string {
    const name = randomBytes(12).toString('base64url')
    const forget = this.#clock.after(keptMs, () => this.#paused.delete(name))
    this.#paused.set(name, { search, asked, forget })
    return name
  }

  /** A search that is gone, or was for something else, begins anew. */
  #take(name: string | undefined, asked: string): Search<unknown> | undefined {
    const paused = name === undefined ? undefined : this.#paused.get(name)
    if (name === undefined || paused?.asked !== asked) return undefined
    this.#paused.delete(name)
    paused.forget()
    return paused.search
  }
}

/** The dot is in no cursor of a page. */
function parts(cursor: string): readonly [after: string | undefined, name: string | undefined] {
  const dot = cursor.indexOf('.')
  if (dot < 0) return [cursor, undefined]
  return [dot === 0 ? undefined : cursor.slice(0, dot), cursor.slice(dot + 1)]
}
