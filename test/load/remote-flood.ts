import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { onTestFinished } from 'vitest'
import { Deferred } from '../../kernel/deferred.ts'
import { testFolder } from '../server/support/config.ts'
import type { FloodName, Tally } from './floods.ts'
import type { Look } from './probed-server.ts'

const program = fileURLToPath(new URL('flooding.ts', import.meta.url))

export type Method = 'prepare' | 'run' | 'stop' | 'drain' | 'clear' | 'end'

export interface Call {
  readonly method: Method
  readonly port: number
}

export type Answer =
  | { readonly method: Method; readonly value: unknown }
  | { readonly method: Method; readonly error: string }

/** A flood has filled what it may fill: only then is it one. */
const full: Readonly<Record<FloodName, (numbers: Look['numbers']) => boolean>> = {
  overdriven: numbers => (numbers['messages_dropped memory-full'] ?? 0) > 0,
  frozen: numbers => (numbers['messages_dropped memory-full'] ?? 0) > 0,
  retained: numbers => (numbers['memory_refusals retained'] ?? 0) > 0,
  delayed: numbers => (numbers.mqtt_publishes_dropped ?? 0) > (numbers['memory_refusals retained'] ?? 0),
}

/**
 * A flood in a process of its own, at the lowest priority: whoever floods a broker from elsewhere takes none of its
 * processor's time, and of this machine's only what the broker and the healthy clients leave.
 */
export class RemoteFlood {
  readonly #child: ChildProcess
  readonly #name: FloodName
  readonly #port: number
  /** What is to be told of each call that is not answered. */
  readonly #asked = new Map<Method, Deferred<unknown>>()

  private constructor(child: ChildProcess, name: FloodName, port: number) {
    this.#child = child
    this.#name = name
    this.#port = port
    child.on('message', answer => this.#answered(answer as Answer))
    child.on('exit', code => this.#fail(`the flood "${name}" has ended with ${code}`))
    createInterface({ input: child.stdout! }).on('line', line => console.log(line))
    onTestFinished(() => void child.kill('SIGKILL'))
  }

  /** `size`: how many, or how much, as of its kind. */
  static async start(name: FloodName, size: number, port: number): Promise<RemoteFlood> {
    const file = join(testFolder(), 'flooding.mjs')
    await build({ input: program, platform: 'node', transform: { target: 'node20' }, output: { file } })
    const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const
    const child = spawn('nice', ['-n', '19', process.execPath, file, name, `${size}`], { stdio: [...stdio] })
    return new RemoteFlood(child, name, port)
  }

  prepare(): Promise<Tally[]> {
    return this.#ask('prepare') as Promise<Tally[]>
  }

  run(): Promise<Tally[]> {
    return this.#ask('run') as Promise<Tally[]>
  }

  async stop(): Promise<void> {
    await this.#ask('stop')
  }

  full({ numbers }: Look): boolean {
    return full[this.#name](numbers)
  }

  async drain(): Promise<void> {
    await this.#ask('drain')
  }

  clear(): Promise<Tally[]> {
    return this.#ask('clear') as Promise<Tally[]>
  }

  async end(): Promise<void> {
    await this.#ask('end')
  }

  #ask(method: Method): Promise<unknown> {
    const asked = new Deferred<unknown>()
    this.#asked.set(method, asked)
    this.#child.send({ method, port: this.#port } satisfies Call)
    return asked.promise
  }

  #answered(answer: Answer): void {
    const asked = this.#asked.get(answer.method)
    if ('error' in answer) asked?.reject(new Error(`the flood "${this.#name}": ${answer.error}`))
    else asked?.resolve(answer.value)
    this.#asked.delete(answer.method)
  }

  #fail(why: string): void {
    for (const { reject } of this.#asked.values()) reject(new Error(why))
    this.#asked.clear()
  }
}
