import { roomFor } from './hashed-records.ts'

/** How many children with words of their own a node has. */
export const named = 0
/** Its children for '+' and '#'; 0: none, for the root is nobody's child. */
export const single = 1
export const multi = 2
const fields = 3

/**
 * What hangs on the nodes of a trie, apart from the nodes: on most of them nothing does, and what is looked at most
 * should lie close together.
 */
export class Branches {
  /** By node: the branch that hangs on it; 0: none. */
  #branches = new Int32Array(16)
  #fields = new Int32Array(16)
  /** Numbers given out so far, and those among them that are free again. */
  #given = 1
  readonly #free: number[] = []

  /** A new node, on which nothing hangs. */
  add(node: number): void {
    this.#branches = roomFor(this.#branches, node + 1)
    this.#branches[node] = 0
  }

  /** The branch that hangs on a node; 0: none does. */
  of(node: number): number {
    return this.#branches[node] as number
  }

  get(branch: number, field: number): number {
    return this.#fields[branch * fields + field] as number
  }

  /** Changes what hangs on a node; a branch that holds nothing any more is none. */
  set(node: number, field: number, value: number): void {
    const branch = this.of(node) || this.#grow(node)
    this.#fields[branch * fields + field] = value
    if (value !== 0 || this.#holds(branch)) return
    this.#branches[node] = 0
    this.#free.push(branch)
  }

  #grow(node: number): number {
    const branch = this.#free.pop() ?? this.#given++
    this.#fields = roomFor(this.#fields, (branch + 1) * fields)
    this.#branches[node] = branch
    return branch
  }

  #holds(branch: number): boolean {
    return this.get(branch, named) > 0 || this.get(branch, single) > 0 || this.get(branch, multi) > 0
  }
}
