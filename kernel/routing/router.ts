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

interface CachedRoute extends Route {
  readonly version: number
}

/** Topics whose matches are remembered: at least the last so many, at most twice as many. */
const cachedTopics = 65_536

/** A filter in the trie, and the queue it leads to. */
export class RoutedFilter extends BoundFilter {
  readonly queue: Queue

  constructor(filter: string, options: BindOptions, id: number, queue: Queue) {
    super(filter, options, id)
    this.queue = queue
  }
}

/**
 * One tenant's filters. A topic is matched once and its targets are remembered until any binding changes; a hot topic
 * then costs one look-up, however many filters there are.
 */
export class Router {
  readonly #trie = new FilterTrie<RoutedFilter | Group>()
  /** Routes used lately, and those of before; whatever neither holds was not used for long. */
  #routes = new Map<string, CachedRoute>()
  #older = new Map<string, CachedRoute>()
  #version = 0

  /** Filters held; a group counts once. */
  get size(): number {
    return this.#trie.size
  }

  bind(binding: RoutedFilter): void {
    this.#trie.add(binding.filter, binding)
    this.#version++
  }

  unbind(binding: RoutedFilter): void {
    if (this.#trie.remove(binding.filter, binding)) this.#version++
  }

  addGroup(group: Group): void {
    this.#trie.add(group.filter, group)
    this.#version++
  }

  removeGroup(group: Group): void {
    this.#trie.remove(group.filter, group)
    this.#version++
  }

  /** What targets store has changed: routes are made anew. */
  changed(): void {
    this.#version++
  }

  /** What the topic reaches. `check` is asked of topics that are not remembered, and may throw. */
  route(topic: string, check: (topic: string) => void): Route {
    const cached = this.#routes.get(topic)
    if (cached?.version === this.#version) return cached
    const older = cached ? undefined : this.#older.get(topic)
    if (older?.version === this.#version) return this.#remember(topic, older)
    if (!cached && !older) check(topic)
    const { targets, groups, stores } = this.#match(topic)
    return this.#remember(topic, { targets, groups, stores, version: this.#version })
  }

  #remember(topic: string, route: CachedRoute): Route {
    if (this.#routes.size >= cachedTopics) {
      this.#older = this.#routes
      this.#routes = new Map()
    }
    this.#routes.set(topic, route)
    return route
  }

  /** One target a queue, whatever number of its filters match. */
  #match(topic: string): Route {
    const groups: Group[] = []
    const byQueue = new Map<Queue, BoundFilter[]>()
    this.#trie.match(topic, held => {
      if (held instanceof Group) {
        groups.push(held)
        return
      }
      const bindings = byQueue.get(held.queue)
      if (bindings) bindings.push(held)
      else byQueue.set(held.queue, [held])
    })
    const targets: RouteTarget[] = []
    for (const [queue, bindings] of byQueue) targets.push({ queue, via: viaOf(bindings) })
    const stores = targets.some(({ queue }) => queue.id !== 0) || groups.some(({ id }) => id !== 0)
    return { targets, groups, stores }
  }
}

function viaOf(bindings: BoundFilter[]): MatchedVia {
  return bindings.length === 1 ? (bindings[0] as BoundFilter).live : new MatchedVia(bindings, false)
}
