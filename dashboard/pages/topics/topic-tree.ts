import type { Row } from '../../api/client.ts'
import type { Frames, LiveTopic } from '../../api/live.ts'

type Listed = Row<'GET /topics'>

/** Topics that a browser keeps; of what comes beyond them only the levels that are opened are known. */
export const keptTopics = 20_000
/** How much the newest second weighs in a rate. */
const newestWeight = 0.4
const stillRate = 0.05

export interface TopicNode {
  readonly topic: string
  readonly name: string
  readonly depth: number
  readonly parent: TopicNode | undefined
  readonly children: Map<string, TopicNode>
  /** There are topics below it, known here or not. */
  below: boolean
  open: boolean
  /** Where the next page of its children begins; null: all are known. */
  next: string | null | undefined
  /** Messages a second here and below, smoothed. */
  rate: number
  /** Since the page was opened. */
  messages: number
  last: LiveTopic | undefined
  retained: Listed['retained']
  /** Of the current second. */
  fresh: number
}

/** The tree of topics: levels as the server lists them, and what comes in each second. */
export class TopicTree {
  readonly root = node({ topic: '', name: '', parent: undefined })
  readonly #moving = new Set<TopicNode>()
  #size = 0

  /** A part of a level, as the server lists it. */
  addLevel(parent: TopicNode, listed: readonly Listed[], next: string | null): void {
    for (const { topic, name, children, retained } of listed) {
      const child = this.#child(parent, name, topic)
      child.below ||= children
      child.retained = retained
    }
    parent.next = next
  }

  /** What came in one second. */
  take({ topics }: Frames['topics']): void {
    for (const one of topics) {
      const found = this.#at(one.topic)
      if (!found) continue
      found.last = one
      for (let up: TopicNode | undefined = found; up; up = up.parent) {
        up.fresh += one.messages
        up.messages += one.messages
        this.#moving.add(up)
      }
    }
  }

  /** A second is over: rates follow. */
  settle(): void {
    for (const one of this.#moving) {
      one.rate = one.rate * (1 - newestWeight) + one.fresh * newestWeight
      one.fresh = 0
      if (one.rate >= stillRate) continue
      one.rate = 0
      this.#moving.delete(one)
    }
  }

  find(topic: string): TopicNode | undefined {
    let at: TopicNode | undefined = this.root
    for (const name of topic.split('/')) at = at?.children.get(name)
    return at
  }

  /** What is seen: every node whose parents are all open, in order. */
  visible(): readonly TopicNode[] {
    const shown: TopicNode[] = []
    const visit = (parent: TopicNode) => {
      const sorted = [...parent.children.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
      for (const child of sorted) {
        shown.push(child)
        if (child.open) visit(child)
      }
    }
    visit(this.root)
    return shown
  }

  #at(topic: string): TopicNode | undefined {
    let at = this.root
    let path = ''
    for (const [level, name] of topic.split('/').entries()) {
      path = level === 0 ? name : `${path}/${name}`
      const known = at.children.get(name)
      if (!known && this.#size >= keptTopics) return undefined
      const child = known ?? this.#child(at, name, path)
      at.below = true
      at = child
    }
    return at
  }

  #child(parent: TopicNode, name: string, topic: string): TopicNode {
    const known = parent.children.get(name)
    if (known) return known
    const made = node({ topic, name, parent })
    parent.children.set(name, made)
    this.#size++
    return made
  }
}

function node({ topic, name, parent }: Pick<TopicNode, 'topic' | 'name' | 'parent'>): TopicNode {
  return {
    topic,
    name,
    parent,
    depth: parent ? parent.depth + 1 : -1,
    children: new Map(),
    below: false,
    open: false,
    next: undefined,
    rate: 0,
    messages: 0,
    last: undefined,
    retained: null,
    fresh: 0,
  }
}
