import type { Clock } from '../../../kernel/plugin.ts'

/** A promise that others settle. Its rejection is never "unhandled": who waits for it sees it. */
export class Deferred<Value> {
  readonly promise: Promise<Value>
  resolve: (value: Value) => void = () => {}
  reject: (error: unknown) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.promise.catch(() => {})
  }
}

/** When the promise is settled, however, or that much time has passed: a good-bye must not wait for a broker that is gone. */
export function settledWithin(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise(resolve => {
    const cancel = clock.after(ms, resolve)
    const settled = () => {
      cancel()
      resolve()
    }
    promise.then(settled, settled)
  })
}

/** How long a broker may take to let a producer or a consumer go. */
export const goodByeMs = 1_500
