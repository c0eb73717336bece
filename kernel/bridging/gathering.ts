import type { Clock } from '../contract/clock.ts'
import type { Unsettled } from '../queues/delivery.ts'
import { sizeOf } from '../queues/delivery.ts'

/** Deliveries that wait to become a batch, and when they have waited long enough. */
export class Gathering {
  readonly #clock: Clock
  readonly #lingerMs: number
  readonly #batchBytes: number
  readonly #batchMessages: number
  #deliveries: Unsettled[] = []
  /** How many of them were taken already. */
  #taken = 0
  #bytes = 0
  #due: (() => void) | undefined
  #cancel: (() => void) | undefined

  constructor(clock: Clock, limits: { lingerMs: number; batchBytes: number; batchMessages: number }) {
    this.#clock = clock
    this.#lingerMs = limits.lingerMs
    this.#batchBytes = limits.batchBytes
    this.#batchMessages = limits.batchMessages
  }

  get length(): number {
    return this.#deliveries.length - this.#taken
  }

  get bytes(): number {
    return this.#bytes
  }

  get first(): Unsettled | undefined {
    return this.#deliveries[this.#taken]
  }

  add(delivery: Unsettled): void {
    this.#deliveries.push(delivery)
    this.#bytes += sizeOf(delivery.message)
    if (this.#due === undefined) return
    if (this.#full) this.#end()
    else this.#linger()
  }

  /** Resolves when there is a batch to send, or the signal is aborted. One caller at a time. */
  due(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const end = (): void => this.#end()
      this.#due = () => {
        signal.removeEventListener('abort', end)
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted || this.#full) this.#end()
      else if (this.length > 0) this.#linger()
    })
  }

  /** The first of them, as many as make a batch beside what is in it already. */
  take(beside: { readonly messages: number; readonly bytes: number }): Unsettled[] {
    let { messages, bytes } = beside
    const from = this.#taken
    while (this.#taken < this.#deliveries.length && messages < this.#batchMessages) {
      const size = sizeOf((this.#deliveries[this.#taken] as Unsettled).message)
      if (messages > 0 && bytes + size > this.#batchBytes) break
      messages++
      bytes += size
      this.#bytes -= size
      this.#taken++
    }
    const batch = this.#deliveries.slice(from, this.#taken)
    if (this.#taken === this.#deliveries.length) {
      this.#deliveries = []
      this.#taken = 0
    } else if (this.#taken > this.#batchMessages) {
      this.#deliveries = this.#deliveries.slice(this.#taken)
      this.#taken = 0
    }
    return batch
  }

  /** What waits leaves; whoever consumed it gives it back. */
  clear(): void {
    this.#deliveries = []
    this.#taken = 0
    this.#bytes = 0
  }

  get #full(): boolean {
    return this.#bytes >= this.#batchBytes || this.length >= this.#batchMessages
  }

  #linger(): void {
    this.#cancel ??= this.#clock.after(this.#lingerMs, () => this.#end())
  }

  #end(): void {
    const due = this.#due
    this.#due = undefined
    this.#cancel?.()
    this.#cancel = undefined
    due?.()
  }
}
