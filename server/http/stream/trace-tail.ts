import type { Trace } from '../../../kernel/observe/trace.ts'
import { showEntry } from '../resources/trace-view.ts'

const entriesPerFrame = 500

/** A trace from its beginning, for one who looks on as it grows: nothing is left out, what is too much waits. */
export class TraceTail {
  readonly #trace: Trace
  #told = 0
  #ended = false

  constructor(trace: Trace) {
    this.#trace = trace
  }

  /** What is new; the last frame says that the trace has ended. Undefined: nothing is. */
  frame(): { name: string; state: Trace['state']; entries: ReturnType<typeof showEntry>[] } | undefined {
    const { options, state } = this.#trace
    const entries = this.#trace.after(this.#told).slice(0, entriesPerFrame)
    const told = this.#told + entries.length
    const ended = state !== 'running' && told === this.#trace.length
    if (entries.length === 0 && (!ended || this.#ended)) return undefined
    this.#told = told
    this.#ended = ended
    return { name: options.name, state: ended ? state : 'running', entries: entries.map(showEntry) }
  }
}
