import { Branches, multi, named, single } from './branches.ts'
import { HashedRecords, none, roomFor } from './hashed-records.ts'
import { emptyHash, hashWith, Words } from './words.ts'

/** One value stands for itself: among a million distinct filters a Set for each would cost more than all the rest. */
type Held<Value extends object> = Value | Set<Value> | undefined

const slash = 0x2f
const plus = 0x2b
const rest = 0x23

/**
 * In the record of a node: where it hangs, and the branch that hangs on it; 0: none. With its chain that is a quarter of a
 * line of the processor's cache.
 */
const parent = 0
const word = 1
const branch = 2
const fields = 3

const root = 0

/** The words of the two wildcards. */
const anyWord = -2
const restWord = -3

/**
 * Filters by their levels, so that matching a topic visits only filters that share its beginning. A node is a number,
 * found by its parent and its word in one table for all nodes: so it takes some 30 bytes, no collection of garbage has
 * to trace it, and a step of a match makes nothing.
 */
export class FilterTrie<Value extends object> {
  #words = new Words()
  #nodes = this.#noNodes()
  #branches = new Branches()
  #values: Held<Value>[] = []
  #size = 0
  /** The words of what is being added, removed or matched. */
  #path = new Int32Array(16)
  /** Nodes of a match that wait for their turn, each with its level: topics may have more levels than calls may nest. */
  #waiting = new Int32Array(16)

  constructor() {
    this.#clear()
  }

  /** Filter and value pairs held. */
  get size(): number {
    return this.#size
  }

  /** Adding a pair again changes nothing. */
  add(filter: string, value: Value): void {
    const levels = this.#split(filter, 'take')
    let node = root
    for (let level = 0; level < levels; level++) node = this.#childFor(node, this.#path[level] as number)
    const held = this.#values[node]
    if (held === value || (held instanceof Set && held.has(value))) return
    this.#values[node] = withValue(held, value)
    this.#size++
  }

  /** Removes one pair; false when it is not there. Nodes that hold nothing any more go with it. */
  remove(filter: string, value: Value): boolean {
    const levels = this.#split(filter, 'find')
    let node = root
    for (let level = 0; level < levels && node !== none; level++) node = this.#child(node, this.#path[level] as number)
    if (node === none) return false
    const held = this.#values[node]
    if (!(held instanceof Set ? held.delete(value) : held === value)) return false
    if (!(held instanceof Set) || held.size === 0) this.#values[node] = undefined
    this.#size--
    if (this.#size === 0) this.#clear()
    else this.#prune(node)
    return true
  }

  /** Calls `visit` for each value whose filter matches the topic. It must not ask the trie for anything. */
  match(topic: string, visit: (value: Value) => void): void {
    const nodes = this.#nodes
    const branches = this.#branches
    const levels = this.#split(topic, 'find')
    const system = topic.startsWith('$')
    let waiting = 0
    let node = root
    let level = 0
    for (;;) {
      // A wildcard in the first level does not reach topics that begin with '$'.
      const wild = level > 0 || !system
      const hanging = nodes.get(node, branch)
      const below = wild && hanging !== 0 ? branches.get(hanging, multi) : 0
      if (below !== 0) visitHeld(this.#values[below], visit)
      let next = none
      if (level === levels) visitHeld(this.#values[node], visit)
      else if (hanging !== 0) {
        const any = wild ? branches.get(hanging, single) : 0
        if (branches.get(hanging, named) > 0) next = this.#child(node, this.#path[level] as number)
        if (next === none && any !== 0) next = any
        else if (any !== 0) {
          this.#waiting = roomFor(this.#waiting, waiting + 2)
          this.#waiting[waiting++] = any
          this.#waiting[waiting++] = level + 1
        }
      }
      if (next !== none) {
        node = next
        level++
      } else {
        if (waiting === 0) return
        level = this.#waiting[--waiting] as number
        node = this.#waiting[--waiting] as number
      }
    }
  }

  /** As at the beginning: the room that many filters took is given back with the last of them. */
  #clear(): void {
    this.#words = new Words()
    this.#nodes = this.#noNodes()
    this.#branches = new Branches()
    this.#nodes.add(hashOf(none, 0))
    this.#nodes.set(root, parent, none)
    this.#values = [undefined]
  }

  #noNodes(): HashedRecords {
    const nodes = new HashedRecords(fields, node => hashOf(nodes.get(node, parent), nodes.get(node, word)))
    return nodes
  }

  /** Puts the words of the levels into `#path`, and returns how many there are; `none` stands for one that no filter has. */
  #split(text: string, act: 'take' | 'find'): number {
    let levels = 0
    let start = 0
    let hash = emptyHash
    for (let at = 0; at <= text.length; at++) {
      const unit = at === text.length ? slash : text.charCodeAt(at)
      if (unit !== slash) {
        hash = hashWith(hash, unit)
        continue
      }
      this.#path = roomFor(this.#path, levels + 1)
      this.#path[levels++] =
        wildcard(text, start, at) ||
        (act === 'take' ? this.#words.take(text, start, at, hash) : this.#words.find(text, start, at, hash))
      start = at + 1
      hash = emptyHash
    }
    return levels
  }

  #child(of: number, called: number): number {
    if (called === none) return none
    const hash = hashOf(of, called)
    let node = this.#nodes.first(hash)
    while (node !== none && !(this.#nodes.get(node, parent) === of && this.#nodes.get(node, word) === called)) {
      node = this.#nodes.next(node)
    }
    return node
  }

  /** A new node keeps the word that was taken for it. */
  #childFor(of: number, called: number): number {
    const found = this.#child(of, called)
    if (found !== none) {
      if (called >= 0) this.#words.release(called)
      return found
    }
    const node = this.#nodes.add(hashOf(of, called))
    this.#nodes.set(node, parent, of)
    this.#nodes.set(node, word, called)
    this.#values[node] = undefined
    if (called === anyWord) this.#hang(of, single, node)
    else if (called === restWord) this.#hang(of, multi, node)
    else this.#count(of, 1)
    return node
  }

  #prune(from: number): void {
    const nodes = this.#nodes
    let node = from
    while (node !== root && this.#values[node] === undefined && nodes.get(node, branch) === 0) {
      const of = nodes.get(node, parent)
      const called = nodes.get(node, word)
      nodes.remove(node)
      if (called === anyWord) this.#hang(of, single, 0)
      else if (called === restWord) this.#hang(of, multi, 0)
      else {
        this.#count(of, -1)
        this.#words.release(called)
      }
      node = of
    }
  }

  #count(node: number, by: 1 | -1): void {
    const hanging = this.#nodes.get(node, branch)
    const before = hanging === 0 ? 0 : this.#branches.get(hanging, named)
    this.#hang(node, named, before + by)
  }

  #hang(node: number, field: number, value: number): void {
    this.#nodes.set(node, branch, this.#branches.set(this.#nodes.get(node, branch), field, value))
  }
}

/** The word of a level that is a wildcard, else 0: number 0 is a word too, but none that is looked for here. */
function wildcard(text: string, start: number, end: number): number {
  if (end !== start + 1) return 0
  const unit = text.charCodeAt(start)
  return unit === plus ? anyWord : unit === rest ? restWord : 0
}

function hashOf(of: number, called: number): number {
  return hashWith(hashWith(emptyHash, of), called)
}

function visitHeld<Value extends object>(held: Held<Value>, visit: (value: Value) => void): void {
  if (held instanceof Set) for (const value of held) visit(value)
  else if (held !== undefined) visit(held)
}

function withValue<Value extends object>(held: Held<Value>, value: Value): Held<Value> {
  if (held === undefined) return value
  return held instanceof Set ? held.add(value) : new Set([held, value])
}
