import type { Guarantee } from '../contract/message.ts'
import type { Binding, BindOptions, Via } from '../contract/queue.ts'

/** A filter bound to a queue, and the ways by which its matches arrive, each made once. */
export class BoundFilter implements Binding {
  readonly filter: string
  readonly options: BindOptions
  /** Unique within the queue for ever: stored references name their bindings by it. */
  readonly id: number
  #live: MatchedVia | undefined
  #replay: MatchedVia | undefined

  constructor(filter: string, options: BindOptions, id: number) {
    this.filter = filter
    this.options = options
    this.id = id
  }

  /** For a message that no other binding of the queue matches. */
  get live(): MatchedVia {
    return (this.#live ??= new MatchedVia([this], false))
  }

  /** For the retained value of a topic. */
  get replay(): MatchedVia {
    return (this.#replay ??= new MatchedVia([this], true))
  }
}

export class MatchedVia implements Via {
  readonly bindings: readonly BoundFilter[]
  readonly guarantee: Guarantee
  readonly replay: boolean
  /** Messages of less guarantee are taken with this one. */
  readonly raisedTo: Guarantee
  cache: unknown = undefined
  readonly #excludes: boolean
  #withoutOwn: MatchedVia | undefined

  /** `stored`: what a reference was stored with, when its bindings may have changed since. */
  constructor(bindings: readonly BoundFilter[], replay: boolean, stored?: Guarantee) {
    this.bindings = bindings
    this.replay = replay
    let guarantee: Guarantee = 0
    let raisedTo: Guarantee = 0
    let excludes = false
    for (const { options } of bindings) {
      if (options.guarantee > guarantee) guarantee = options.guarantee
      if (options.raise && options.guarantee > raisedTo) raisedTo = options.guarantee
      if (options.excludeOwn) excludes = true
    }
    this.guarantee = stored ?? guarantee
    this.raisedTo = stored ?? raisedTo
    this.#excludes = excludes
  }

  /** With which guarantee a message that was published with `published` is taken. */
  guaranteeOf(published: Guarantee): Guarantee {
    if (published <= this.raisedTo) return this.raisedTo
    return published < this.guarantee ? published : this.guarantee
  }

  /** The way that is left for what the session itself published; undefined when all its bindings exclude that. */
  get forOwn(): MatchedVia | undefined {
    if (!this.#excludes) return this
    if (this.#withoutOwn === undefined) {
      const rest = this.bindings.filter(binding => !binding.options.excludeOwn)
      this.#withoutOwn = new MatchedVia(rest, this.replay)
    }
    return this.#withoutOwn.bindings.length > 0 ? this.#withoutOwn : undefined
  }
}
