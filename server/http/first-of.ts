/**
 * The first of many by their keys, after one of them: kept in twice the room, and cut when that is full. What comes
 * again under its key is merged into what is held.
 */
export class FirstOf<Item> {
  readonly #most: number
  readonly #after: string | undefined
  readonly #merge: ((held: Item, again: Item) => void) | undefined
  #held = new Map<string, Item>()
  #bound: string | undefined
  /** What is wanted of keys with that beginning: their rests between these. */
  #within: { beginning: string; from: string; to: string | undefined; none: boolean } | undefined

  constructor(
    most: number,
    options: { after: string | undefined; merge?: ((held: Item, again: Item) => void) | undefined },
  ) {
    this.#most = most
    this.#after = options.after
    this.#merge = options.merge
  }

  /**
   * Whether any key that begins with both could be among the first: what is not wanted need not be looked at. Makes no
   * text, for as long as `beginning` is the same one.
   */
  readonly wants = (beginning: string, name: string): boolean => {
    if (this.#within?.beginning !== beginning) {
      const rest = (key: string) => (key.startsWith(beginning) ? key.slice(beginning.length) : undefined)
      const [bound, after] = [this.#bound, this.#after]
      const from = after === undefined || after < beginning ? '' : rest(after)
      const to = bound === undefined ? undefined : rest(bound)
      const none = from === undefined || (bound !== undefined && to === undefined && beginning > bound)
      this.#within = { beginning, from: from ?? '', to, none }
    }
    const { from, to, none } = this.#within
    if (none || (to !== undefined && name > to)) return false
    return name >= from || from.startsWith(name)
  }

  offer(key: string, item: Item): void {
    if (this.#bound !== undefined && key > this.#bound) return
    if (this.#after !== undefined && key <= this.#after) return
    const held = this.#held.get(key)
    if (held !== undefined) return this.#merge?.(held, item)
    this.#held.set(key, item)
    if (this.#held.size >= 2 * this.#most) this.#cut()
  }

  sorted(): readonly (readonly [key: string, item: Item])[] {
    this.#cut()
    return [...this.#held]
  }

  #cut(): void {
    const first = [...this.#held].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).slice(0, this.#most)
    this.#held = new Map(first)
    if (first.length === this.#most) this.#bound = first.at(-1)?.[0]
    this.#within = undefined
  }
}
