import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../processes.ts'
import type { ProbeReading, ProbeRequest } from './counts.ts'

/**
 * Young objects are never collected during a lap, so that the heap's growth is what was allocated. Nothing is optimized:
 * when that happens is a matter of time, and what optimized code need not allocate depends on it. So `heapBytes` is more
 * than what runs in production, and always the same.
 */
const heapFlags = [
  '--expose-gc',
  '--no-opt',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  '--max-old-space-size=2048',
]
const answerTimeoutMs = 20_000

/** The real program in a process of its own, with the probe in it; memory storage, all else by default. */
export class ProbedBroker implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #directory: string

  private constructor(child: ChildProcess, port: number, directory: string) {
    this.#child = child
    this.port = port
    this.#directory = directory
  }

  /** `program` and `probe`: JavaScript files. Resolves when it listens. */
  static async start(program: string, probe: string): Promise<ProbedBroker> {
    const directory = await mkdtemp(path.join(tmpdir(), 'budgets-'))
    const port = await freePort()
    const config = path.join(directory, 'broker.yaml')
    const lines = [
      `listeners: { bench: { transport: tcp, host: 127.0.0.1, port: ${port} } }`,
      'storage: { type: memory }',
      // Not a part of what this machine has: numbers of another size are other objects.
      'limits: { memory: 1GB }',
      'mqtt: { sysInterval: 0s }',
      'log: { format: json }',
    ]
    await writeFile(config, `${lines.join('\n')}\n`)
    const command = [...heapFlags, '--import', probe, program, 'start', '--config', config, '--data', directory]
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    const broker = new ProbedBroker(child, port, directory)
    try {
      await broker.#ready()
      return broker
    } catch (error) {
      await broker[Symbol.asyncDispose]()
      throw error
    }
  }

  async ask(request: ProbeRequest): Promise<ProbeReading> {
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(answerTimeoutMs) })
    this.#child.send(request)
    const [reading] = await answer
    return reading
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await ended
    }
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** Its log says "ready" when it listens. */
  async #ready(): Promise<void> {
    const signal = AbortSignal.timeout(answerTimeoutMs)
    let output = ''
    const { stdout } = this.#child
    if (stdout === null) throw new Error('the broker has no output')
    stdout.setEncoding('utf8')
    const ended = once(this.#child, 'exit', { signal }).then(() => {
      throw new Error(`the broker ended: ${output}`)
    })
    const ready = new Promise<void>(resolve => {
      stdout.on('data', (text: string) => {
        output += text
        if (output.includes('"ready"')) resolve()
      })
    })
    await Promise.race([ready, ended])
  }
}
