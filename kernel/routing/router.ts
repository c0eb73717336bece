import type { BindOptions } from '../contract/queue.ts'
import { BoundFilter, MatchedVia } from '../queues/bound-filter.ts'
import { Group } from '../queues/group.ts'
import type { Queue } from '../queues/queue.ts'
import type { Route, RouteTarget } from '../queues/route.ts'
import { FilterTrie } from './filter-trie.ts'
import { Newcomers } from './newcomers.ts'
import { RecentTopics } from './recent-topics.ts'

/** Topics whose matches are remembered: at least the last so many that came again, at most twice as many. */
const cachedTopics = 65_536

const nobody: readonly RouteTarget[] = []
const nowhere: Route = routeTo(nobody, [])

/** A filter in the trie, and the queue it leads to. */
export class RoutedFilter extends BoundFilter {
  readonly queue: Queue
  #alone: Route | undefined

  constructor(filter: string, options: BindOptions, id: number, queue: Queue) {
    super(filter, options, id)
    this.queue = queue
  }

  /** The route of every topic that no other filter matches, made once. */
  get alone(): Route {
    return (this.#alone ??= loneRoute(this))
  }
}

/**
 * One tenant's filters. A topic is matched once and its targets are remembered until any binding changes; a hot topic
 * then costs one look-up, however many filters there are.
 */
export class Router {
  readonly #trie = new FilterTrie<RoutedFilter | Group>()
  /** Routes used lately, and those of before; whatever neither holds was not used for long. */
  #routes = new Map<string, Route>()
  #older = new Map<string, Route>()
  readonly #newcomers = new Newcomers()
  /** For whoever wants to see what topics there are: those that were not remembered. */
  readonly #seen = new RecentTopics()
  /** What the match at hand has found: an array that keeps its room. */
  readonly #found: (RoutedFilter | Group | undefined)[] = []
  #count = 0

  /** Filters held; a group counts once. */
  get size(): number {
    return this.#trie.size
  }

  /** Topics that something was published to lately; some of them come more than once. */
  *recentTopics(): Generator<string, undefined> {
    // Those of the moment: whoever reads them takes his time, and meanwhile the maps may change places.
    const routes = [this.#older, this.#routes]
    yield* this.#seen
    for (const topics of routes) yield* topics.keys()
    return undefined
  }

  bind(binding: RoutedFilter): void {
    this.#trie.add(binding.filter, binding)
    this.changed()
  }

  unbind(binding: RoutedFilter): void {
    if (this.#trie.remove(binding.filter, binding)) this.changed()
  }

  addGroup(group: Group): void {
    this.#trie.add(group.filter, group)
    this.changed()
  }

  removeGroup(group: Group): void {
    if (this.#trie.remove(group.filter, group)) this.changed()
  }

  /** What targets store has changed, or who they are: routes are made anew. */
  changed(): void {
    if (this.#routes.size > 0) this.#routes = new Map()
    if (this.#older.size > 0) this.#older = new Map()
  }

  /** What the topic reaches. `check` is asked of topics that are not remembered, and may throw. */
  route(topic: string, check: (topic: string) => void): Route {
    const known = this.#routes.get(topic)
    if (known) return known
    let route = this.#older.get(topic)
    if (!route) {
      check(topic)
      route = this.#match(topic)
      this.#seen.add(topic)
      // Most topics that came once never come again: those are not worth a place in a map.
      if (this.#newcomers.first(topic)) return route
    }
    if (this.#routes.size >= cachedTopics) {
      this.#older = this.#routes
      this.#routes = new Map()
    }
    this.#routes.set(topic, route)
    return route
  }

  #match(topic: string): Route {
    this.#count = 0
    this.#trie.match(topic, this.#find)
    const [first] = this.#found
    if (this.#count === 0 || first === undefined) return nowhere
    const only = this.#count === 1 && first instanceof RoutedFilter
    const route = only ? first.alone : routeOf(this.#found.slice(0, this.#count) as (RoutedFilter | Group)[])
    // What is unbound later must not be kept alive from here.
    this.#found.fill(undefined, 0, this.#count)
    return route
  }

  readonly #find = (held: RoutedFilter | Group): void => {
    this.#found[this.#count++] = held
  }
}

/**
 * Filters of one queue that ask for the same share a route, unless the queue's references are stored and name their
 * filters: of a hundred thousand filters each would otherwise be a few more places of memory to be looked at.
 */
function loneRoute(filter: RoutedFilter): Route {
  const { queue, options } = filter
  const known = queue.loneRoute
  if (known?.targets[0]?.via.bindings[0]?.options === options) return known
  const route = routeTo([{ queue, via: filter.live }], [])
  if (queue.id === 0) queue.loneRoute = route
  return route
}

/** One target a queue, whatever number of its filters match. */
function routeOf(found: readonly (RoutedFilter | Group)[]): Route {
  const groups: Group[] = []
  const byQueue = new Map<Queue, RoutedFilter[]>()
  for (const held of found) {
    if (held instanceof Group) {
      groups.push(held)
      continue
    }
    const bindings = byQueue.get(held.queue)
    if (bindings) bindings.push(held)
    else byQueue.set(held.queue, [held])
  }
  const targets: RouteTarget[] = []
  for (const [queue, bindings] of byQueue) targets.push({ queue, via: viaOf(bindings) })
  return routeTo(targets, groups)
}

function routeTo(targets: readonly RouteTarget[], groups: readonly Group[]): Route {
  const stores = targets.some(({ queue }) => queue.id !== 0) || groups.some(({ id }) => id !== 0)
  const raises = targets.some(({ queue, via }) => queue.id !== 0 && via.raisedTo > 0)
  const refusing = targets.some(refuses) ? targets.filter(refuses) : nobody
  const excludesOwn = targets.some(({ via }) => via.forOwn !== via)
  return { targets, groups, stores, raises, refusing, excludesOwn, keepers: undefined }
}

function refuses({ queue }: RouteTarget): boolean {
  return queue.overflow === 'refuse'
}

function viaOf(bindings: readonly RoutedFilter[]): MatchedVia {
  return bindings.length === 1 ? (bindings[0] as RoutedFilter).live : new MatchedVia(bindings, false)
}
