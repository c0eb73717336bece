import { nextTurn } from './in-turns.ts'
import type { Page } from './route.ts'

/** A page that is being looked for, step by step: among very many elements that takes longer than a request may. */
export class Search<View> {
  readonly #steps: Iterator<void>
  readonly #page: () => Page<View> | Promise<Page<View>>

  /** `page`: what was found, once all steps are done. */
  constructor(steps: Iterable<void>, page: () => Page<View> | Promise<Page<View>>) {
    this.#steps = steps[Symbol.iterator]()
    this.#page = page
  }

  /** Goes on, a step a turn, to its end; undefined: `enough` came first, and it can go on from there. */
  async goOn(enough: () => boolean = () => false): Promise<Page<View> | undefined> {
    while (!this.#steps.next().done) {
      if (enough()) return undefined
      await nextTurn()
    }
    return this.#page()
  }

  /** The same search, for a page that more is to be asked for. */
  andThen<Other>(finish: (page: Page<View>) => Promise<Page<Other>>): Search<Other> {
    return new Search({ [Symbol.iterator]: () => this.#steps }, async () => finish(await this.#page()))
  }
}
