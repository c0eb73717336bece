import type { BindOptions } from '../contract/queue.ts'
import { BoundFilter, MatchedVia } from '../queues/bound-filter.ts'
import { Group } from '../queues/group.ts'
import type { Queue } from '../queues/queue.ts'
import { FilterTrie } from './filter-trie.ts'

/** One queue a topic reaches, and by which of its bindings. */
export interface RouteTarget {
  readonly queue: Queue
  readonly via: MatchedVia
}

/** Everything one topic reaches. */
export interface Route {
  readonly targets: readonly RouteTarget[]
  readonly groups: readonly Group[]
  /** One of them keeps what it gets in the spool. */
  readonly stores: boolean
}

/** Topics whose matches are remembered: at least the last so many, at most twice as many. */
const cachedTopics = 65_536

const nowhere: Route = { targets: [], groups: [], stores: false }

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
    const { queue } = this
    return (this.#alone ??= { targets: [{ queue, via: this.live }], groups: [], stores: queue.id !== 0 })
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

  /** Filters held; a group counts once. */
  get size(): number {
    return this.#trie.size
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
    }
    if (this.#routes.size >= cachedTopics) {
      this.#older = this.#routes
      this.#routes = new Map()
    }
    this.#routes.set(topic, route)
    return route
  }

  #match(topic: string): Route {
    const found: (RoutedFilter | Group)[] = []
    this.#trie.match(topic, held => found.push(held))
    const [first] = found
    if (!first) return nowhere
    return found.length === 1 && first instanceof RoutedFilter ? first.alone : routeOf(found)
  }
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
  const stores = targets.some(({ queue }) => queue.id !== 0) || groups.some(({ id }) => id !== 0)
  return { targets, groups, stores }
}

function viaOf(bindings: readonly RoutedFilter[]): MatchedVia {
  return bindings.length === 1 ? (bindings[0] as RoutedFilter).live : new MatchedVia(bindings, false)
}
