import type { Events, Logger } from '../contract/observe.ts'

type Listener = (detail: Readonly<Record<string, unknown>>, name: string) => void

/** Who wants to know what happened. A listener that throws is reported and hurts nobody else. */
export class EventHub implements Events {
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  emit(name: string, detail: Readonly<Record<string, unknown>>): void {
    this.#tell(this.#listeners.get(name), detail, name)
    this.#tell(this.#listeners.get('*'), detail, name)
  }

  on(name: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name)
    }
  }

  #tell(listeners: Set<Listener> | undefined, detail: Readonly<Record<string, unknown>>, name: string): void {
    if (!listeners) return
    for (const listener of listeners) {
      try {
        listener(detail, name)
      } catch (error) {
        this.#logger.error({ event: name, error: String(error) }, 'an event listener failed')
      }
    }
  }
}
