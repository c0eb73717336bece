/** A promise with its two ends; Node 20 has no Promise.withResolvers. */
export class Deferred<Value = void> {
  readonly promise: Promise<Value>
  resolve!: (value: Value) => void
  reject!: (reason: unknown) => void

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}
