/**
 * Filters by their levels, so that matching a topic visits only filters that share its beginning. Nodes hold nothing
 * they do not need: most have one child and one value.
 */
interface Node<Value extends object> {
  /** The only named child, and its level. */
  level: string | undefined
  only: Node<Value> | undefined
  /** All named children, when there are more. */
  children: Map<string, Node<Value>> | undefined
  /** The child of a '+' level. */
  single: Node<Value> | undefined
  /** Values of filters that end with '#' here. */
  multi: Held<Value>
  /** Values of filters that end here. */
  values: Held<Value>
}

/** One value stands for itself: among a million distinct filters a Set for each would cost more than all the rest. */
type Held<Value extends object> = Value | Set<Value> | undefined

export class FilterTrie<Value extends object> {
  #root: Node<Value> = emptyNode()
  #size = 0

  /** Filter and value pairs held. */
  get size(): number {
    return this.#size
  }

  /** Adding a pair again changes nothing. */
  add(filter: string, value: Value): void {
    const levels = filter.split('/')
    const multi = levels.at(-1) === '#'
    if (multi) levels.pop()
    let node = this.#root
    for (const level of levels) node = childFor(node, level)
    const held = multi ? node.multi : node.values
    if (held === value || (held instanceof Set && held.has(value))) return
    if (multi) node.multi = withValue(held, value)
    else node.values = withValue(held, value)
    this.#size++
  }

  /** Removes one pair; false when it is not there. Nodes that hold nothing any more go with it. */
  remove(filter: string, value: Value): boolean {
    const levels = filter.split('/')
    const multi = levels.at(-1) === '#'
    if (multi) levels.pop()
    const path: Node<Value>[] = [this.#root]
    for (const level of levels) {
      const next = child(path.at(-1) as Node<Value>, level)
      if (!next) return false
      path.push(next)
    }
    const node = path.at(-1) as Node<Value>
    const held = multi ? node.multi : node.values
    if (!(held instanceof Set ? held.delete(value) : held === value)) return false
    if (!(held instanceof Set) || held.size === 0) {
      if (multi) node.multi = undefined
      else node.values = undefined
    }
    this.#size--
    prune(path, levels)
    return true
  }

  /** Calls `visit` for each value whose filter matches the topic. */
  match(topic: string, visit: (value: Value) => void): void {
    const levels = topic.split('/')
    const system = topic.startsWith('$')
    // Where a level's own child and '+' both lead on, one waits here: topics may have more levels than calls may nest.
    let waiting: Node<Value>[] | undefined
    let depths: number[] | undefined
    let node: Node<Value> | undefined = this.#root
    let depth = 0
    while (node) {
      // A wildcard in the first level does not reach topics that begin with '$'.
      const wild = depth > 0 || !system
      if (wild) visitHeld(node.multi, visit)
      let next: Node<Value> | undefined
      if (depth === levels.length) visitHeld(node.values, visit)
      else {
        next = named(node, levels[depth] as string)
        const single = wild ? node.single : undefined
        if (next && single) {
          waiting ??= []
          depths ??= []
          waiting.push(single)
          depths.push(depth + 1)
        } else next ??= single
      }
      depth = next ? depth + 1 : (depths?.pop() ?? 0)
      node = next ?? waiting?.pop()
    }
  }
}

function visitHeld<Value extends object>(held: Held<Value>, visit: (value: Value) => void): void {
  if (held instanceof Set) for (const value of held) visit(value)
  else if (held !== undefined) visit(held)
}

function withValue<Value extends object>(held: Held<Value>, value: Value): Held<Value> {
  if (held === undefined) return value
  return held instanceof Set ? held.add(value) : new Set([held, value])
}

function emptyNode<Value extends object>(): Node<Value> {
  return {
    level: undefined,
    only: undefined,
    children: undefined,
    single: undefined,
    multi: undefined,
    values: undefined,
  }
}

function named<Value extends object>(node: Node<Value>, level: string): Node<Value> | undefined {
  return node.children ? node.children.get(level) : node.level === level ? node.only : undefined
}

function child<Value extends object>(node: Node<Value>, level: string): Node<Value> | undefined {
  return level === '+' ? node.single : named(node, level)
}

function childFor<Value extends object>(node: Node<Value>, level: string): Node<Value> {
  if (level === '+') return (node.single ??= emptyNode())
  const found = named(node, level)
  if (found) return found
  const next = emptyNode<Value>()
  if (node.children) node.children.set(level, next)
  else if (node.only) {
    node.children = new Map([
      [node.level as string, node.only],
      [level, next],
    ])
    node.level = node.only = undefined
  } else {
    node.level = level
    node.only = next
  }
  return next
}

function prune<Value extends object>(path: readonly Node<Value>[], levels: readonly string[]): void {
  for (let depth = path.length - 1; depth > 0; depth--) {
    const node = path[depth] as Node<Value>
    if (node.values || node.multi || node.single || node.only || node.children) return
    const parent = path[depth - 1] as Node<Value>
    const level = levels[depth - 1] as string
    if (level === '+') parent.single = undefined
    else if (parent.only) parent.level = parent.only = undefined
    else {
      parent.children?.delete(level)
      if (parent.children?.size === 0) parent.children = undefined
    }
  }
}
