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
  #fields = new Int32Array(16)
  /** Numbers given out so far, and those among them that are free again. 0 is none. */
  #given = 1
  readonly #free: number[] = []

  get(branch: number, field: number): number {
    return this.#fields[branch * fields + field] as number
  }

  /** Changes what hangs on a node; returns its branch from then on: one that holds nothing any more is none. */
  set(branch: number, field: number, value: number): number {
    const changed = branch || this.#grow()
    this.#fields[changed * fields + field] = value
    if (value !== 0 || this.#holds(changed)) return changed
    this.#free.push(changed)
    return 0
  }

  #grow(): number {
    const branch = this.#free.pop() ?? this.#given++
    this.#fields = roomFor(this.#fields, (branch + 1) * fields)
    return branch
  }

  #holds(branch: number): boolean {
    return this.get(branch, named) > 0 || this.get(branch, single) > 0 || this.get(branch, multi) > 0
  }
}
