import type { Message } from '../contract/message.ts'

interface Node {
  children: Map<string, Node> | undefined
  message: Message | undefined
}

/** Topics by their levels, each with its retained message; filters are matched against it lazily. */
export class TopicTree {
  readonly #root: Node = { children: undefined, message: undefined }

  get(topic: string): Message | undefined {
    let node: Node | undefined = this.#root
    for (const level of topic.split('/')) node = node?.children?.get(level)
    return node?.message
  }

  /** Returns the message it replaces. */
  set(message: Message): Message | undefined {
    let node = this.#root
    for (const level of message.topic.split('/')) {
      const children = (node.children ??= new Map())
      let next = children.get(level)
      if (!next) children.set(level, (next = { children: undefined, message: undefined }))
      node = next
    }
    const before = node.message
    node.message = message
    return before
  }

  delete(topic: string): Message | undefined {
    const levels = topic.split('/')
    const path = [this.#root]
    for (const level of levels) {
      const next = (path.at(-1) as Node).children?.get(level)
      if (!next) return undefined
      path.push(next)
    }
    const node = path.at(-1) as Node
    const before = node.message
    node.message = undefined
    for (let depth = path.length - 1; depth > 0; depth--) {
      const { message, children } = path[depth] as Node
      if (message || children) break
      const parent = path[depth - 1] as Node
      parent.children?.delete(levels[depth - 1] as string)
      if (parent.children?.size === 0) parent.children = undefined
    }
    return before
  }

  /** Messages of topics the filter matches. Lazy: it walks on as it is read, and sees what changed meanwhile. */
  *match(filter: string): Generator<Message, undefined> {
    const levels = filter.split('/')
    // A wildcard in the first level does not reach topics that begin with '$'.
    yield* walk(this.#root, levels, 0, levels[0] === '+' || levels[0] === '#')
    return undefined
  }
}

function* walk(
  node: Node,
  levels: readonly string[],
  depth: number,
  skipSystem: boolean,
): Generator<Message, undefined> {
  const level = levels[depth]
  if (level === undefined || level === '#') {
    if (node.message) yield node.message
    if (level === '#') yield* below(node, skipSystem)
    return undefined
  }
  if (level === '+') {
    for (const [name, child] of node.children ?? []) {
      if (!(skipSystem && name.startsWith('$'))) yield* walk(child, levels, depth + 1, false)
    }
    return undefined
  }
  const child = node.children?.get(level)
  if (child) yield* walk(child, levels, depth + 1, false)
  return undefined
}

/** Everything under a node; a stack of iterators, so that a deep tree costs no chain of generators. */
function* below(node: Node, skipSystem: boolean): Generator<Message, undefined> {
  const stack = [(node.children ?? new Map<string, Node>()).entries()]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const { value, done } = top.next()
    if (done) {
      stack.pop()
      continue
    }
    const [name, child] = value
    if (skipSystem && stack.length === 1 && name.startsWith('$')) continue
    if (child.message) yield child.message
    if (child.children) stack.push(child.children.entries())
  }
  return undefined
}
