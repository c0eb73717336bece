import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

const waitMs = 3_000

/** Counts instructions, user and kernel, of running processes by `perf stat`, switched on and off exactly. */
export class InstructionCounter {
  readonly #pids: readonly number[]
  readonly #event: string
  #perf: ChildProcess | undefined
  #output = ''

  /** `event`: for the check that the plumbing works on machines without a counter of instructions. */
  constructor(pids: readonly number[], event = 'instructions') {
    this.#pids = pids
    this.#event = event
  }

  /** Counts from now on; without `perf` or a counter it does nothing. */
  async begin(): Promise<void> {
    const count = ['stat', '-x', ',', '-e', this.#event, '-p', this.#pids.join(',')]
    // Delayed by -1: until it is told, by what is written to descriptor 3; it answers on 4.
    const perf = spawn('perf', [...count, '-D', '-1', '--control', 'fd:3,4'], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    })
    perf.on('error', () => {})
    for (const stream of perf.stdio) stream?.on('error', () => {})
    perf.stderr?.setEncoding('latin1').on('data', (text: string) => {
      this.#output += text
    })
    this.#perf = perf
    if (!(await this.#tell('enable'))) this.#stop()
  }

  async end(): Promise<number | undefined> {
    const perf = this.#perf
    if (perf === undefined) return undefined
    await this.#tell('disable')
    const closed = once(perf, 'close', { signal: AbortSignal.timeout(waitMs) })
    perf.kill('SIGINT')
    await closed.catch(() => this.#stop())
    const counted = Number(new RegExp(`^([\\d.]+),[^,]*,${this.#event}`, 'm').exec(this.#output)?.[1])
    return counted > 0 ? counted : undefined
  }

  /** Whether it was done. */
  async #tell(order: string): Promise<boolean> {
    const perf = this.#perf
    if (perf?.exitCode !== null) return false
    ;(perf.stdio[3] as Writable).write(`${order}\n`)
    const signal = AbortSignal.timeout(waitMs)
    return Promise.race([
      once(perf.stdio[4] as Readable, 'data', { signal }).then(() => true),
      once(perf, 'close', { signal }).then(() => false),
    ]).catch(() => false)
  }

  #stop(): void {
    this.#perf?.kill('SIGKILL')
    this.#perf = undefined
  }
}
