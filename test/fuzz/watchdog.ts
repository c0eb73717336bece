import { Worker } from 'node:worker_threads'

/** How long the broker may take over one input before that counts as a hang. */
export const hangMs = 5_000
const mostBytes = 1 << 20

const program = `
const { workerData: { shared, hangMs, directory } } = require('node:worker_threads')
const { mkdirSync, writeFileSync } = require('node:fs')
const state = new Int32Array(shared, 0, 2)
let last = -1, since = Date.now()
setInterval(() => {
  const beat = Atomics.load(state, 0)
  if (beat !== last) { last = beat; since = Date.now() }
  const length = Atomics.load(state, 1)
  if (length === 0 || Date.now() - since <= hangMs) return
  mkdirSync(directory, { recursive: true })
  const file = directory + '/hang-' + process.pid + '-' + beat + '.txt'
  writeFileSync(file, Buffer.from(new Uint8Array(shared, 8, length)))
  require('node:fs').writeSync(1, 'FAIL hang: more than ' + hangMs + ' ms over one input; REPLAY=' + file + ' npm run test:fuzz\\n0 passed, 1 failed\\n')
  process.kill(process.pid, 'SIGKILL')
}, 200)
`

/**
 * Watches from a thread of its own: a broker that never gives its thread back could not be told by a timer in it. A hang
 * ends the process, with its input in the folder of failures.
 */
export class Watchdog implements AsyncDisposable {
  readonly #shared = new SharedArrayBuffer(8 + mostBytes)
  readonly #state = new Int32Array(this.#shared, 0, 2)
  readonly #worker: Worker

  constructor(directory: string) {
    this.#worker = new Worker(program, { eval: true, workerData: { shared: this.#shared, hangMs, directory } })
    this.#worker.unref()
  }

  /** Runs one input, which is `text` when it is to be played again. */
  async over<T>(text: string, work: () => Promise<T>): Promise<T> {
    const bytes = Buffer.from(text).subarray(0, mostBytes)
    new Uint8Array(this.#shared, 8).set(bytes)
    Atomics.add(this.#state, 0, 1)
    Atomics.store(this.#state, 1, bytes.length)
    try {
      return await work()
    } finally {
      Atomics.store(this.#state, 1, 0)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
