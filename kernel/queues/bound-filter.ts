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
  cache: unknown = undefined
  readonly #excludes: boolean
  #withoutOwn: MatchedVia | undefined

  constructor(bindings: readonly BoundFilter[], replay: boolean) {
    this.bindings = bindings
    this.replay = replay
    let guarantee: Guarantee = 0
    let excludes = false
    for (const { options } of bindings) {
      if (options.guarantee > guarantee) guarantee = options.guarantee
      if (options.excludeOwn) excludes = true
    }
    this.guarantee = guarantee
    this.#excludes = excludes
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
