import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * Ticks at an interval that timers are too coarse for: 0.1 ms against 1 ms. A thread sleeps and wakes the event loop, which
 * sleeps too: a loop that turned all the time would spare the broker the cost of waking its receiver.
 */
export class Metronome {
  readonly #worker: Worker
  /** 1: end. */
  readonly #end: Int32Array

  private constructor(intervalMs: number, onTick: () => void) {
    this.#end = new Int32Array(new SharedArrayBuffer(4))
    this.#worker = new Worker(ticking, { eval: true, workerData: { intervalMs, end: this.#end } })
    this.#worker.on('message', onTick)
  }

  static async start(intervalMs: number, onTick: () => void): Promise<Metronome> {
    const metronome = new Metronome(intervalMs, onTick)
    await once(metronome.#worker, 'online')
    return metronome
  }

  stop(): void {
    Atomics.store(this.#end, 0, 1)
    Atomics.notify(this.#end, 0)
  }
}

/** A text and not a module of its own: where this is a part of a bundle, there is no such file. */
const ticking = `
const { parentPort, workerData } = require('node:worker_threads')
const { intervalMs, end } = workerData
let due = performance.now()
while (Atomics.load(end, 0) === 0) {
  due += intervalMs
  const wait = due - performance.now()
  if (wait > 0) Atomics.wait(end, 0, 0, wait)
  parentPort.postMessage(undefined)
}`
