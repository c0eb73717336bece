import type { RoutedFilter } from '../routing/router.ts'

/** A session's bindings by group and filter. Most sessions have one, and need no map for it. */
export class BindingList {
  #only: RoutedFilter | undefined
  #many: Map<string, RoutedFilter> | undefined

  get size(): number {
    return this.#many?.size ?? (this.#only ? 1 : 0)
  }

  get(key: string): RoutedFilter | undefined {
    if (this.#many) return this.#many.get(key)
    return this.#only && keyOf(this.#only) === key ? this.#only : undefined
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** Adds it, or puts it in the place of the one with its group and filter. */
  set(binding: RoutedFilter): void {
    const key = keyOf(binding)
    if (this.#many) this.#many.set(key, binding)
    else if (!this.#only || keyOf(this.#only) === key) this.#only = binding
    else {
      this.#many = new Map([
        [keyOf(this.#only), this.#only],
        [key, binding],
      ])
      this.#only = undefined
    }
  }

  delete(key: string): void {
    if (this.#many) this.#many.delete(key)
    else if (this.#only && keyOf(this.#only) === key) this.#only = undefined
  }

  values(): Iterable<RoutedFilter> {
    return this.#many?.values() ?? (this.#only ? [this.#only] : [])
  }
}

/** A binding's place in its session. */
export function bindingKey(filter: string, group: string | undefined): string {
  return group === undefined ? filter : `${group}\0${filter}`
}

function keyOf({ filter, options }: RoutedFilter): string {
  return bindingKey(filter, options.group)
}
