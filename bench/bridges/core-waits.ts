import { closeSync, openSync, readSync } from 'node:fs'

/** More than this, of all of them, is not what a process under test does. */
const calmMs = 0.2
const nsPerMs = 1e6

/**
 * When processes had to wait for a processor that somebody else had. A latency that was measured meanwhile says what else
 * runs on the machine, a far side above all, and not what a broker does. Each process is its first thread.
 */
export class CoreWaits implements Disposable {
  readonly #files: readonly number[]
  /** When it was looked, and what all had waited by then, ms. */
  readonly #at: number[] = []
  readonly #waitedMs: number[] = []

  constructor(pids: readonly number[]) {
    this.#files = pids.map(pid => openSync(`/proc/${pid}/schedstat`, 'r'))
    this.look()
  }

  look(): void {
    let ns = 0
    for (const file of this.#files) ns += waitedNs(file)
    this.#at.push(performance.now())
    this.#waitedMs.push(ns / nsPerMs)
  }

  /** Nobody waited from the look before one time to the look after the other. */
  calm(from: number, to: number): boolean {
    const before = this.#firstAfter(from) - 1
    const after = Math.min(this.#firstAfter(to), this.#at.length - 1)
    return (this.#waitedMs[after] ?? 0) - (this.#waitedMs[before] ?? 0) <= calmMs
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) closeSync(file)
  }

  #firstAfter(time: number): number {
    let [low, high] = [0, this.#at.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#at[middle] ?? 0) > time) high = middle
      else low = middle + 1
    }
    return low
  }
}

const line = Buffer.alloc(128)

/** schedstat => ns on a processor, ns that it waited for one, how often it had one */
function waitedNs(file: number): number {
  const length = readSync(file, line, 0, line.length, 0)
  return Number(line.toString('latin1', 0, length).split(' ')[1])
}
