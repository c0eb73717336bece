import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { availableParallelism } from 'node:os'
import { text } from 'node:stream/consumers'
import { processesOf } from './generator/meter.ts'

const startTimeoutMs = 20_000
const stopTimeoutMs = 6_000

/** Brokers on one core, the generator on another, where the machine allows it. */
export const pinned: boolean = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0
const cores = { broker: '0', generator: '1' } as const

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0
}

export function outputOf(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

/** A broker that was started, listening on `port`. */
export class BrokerProcess implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  #output = ''

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (more: string) => {
        this.#output = (this.#output + more).slice(-2000)
      })
    }
  }

  /** Resolves when it listens; throws with what it said when it does not. */
  static async start(command: readonly string[], port: number): Promise<BrokerProcess> {
    const started = new BrokerProcess(spawnPinned(command, 'broker'), port)
    if (await started.#listens()) return started
    await started[Symbol.asyncDispose]()
    throw new Error(`${command.join(' ')} does not listen on port ${port}: ${started.#output}`)
  }

  get pids(): number[] {
    return this.#child.pid === undefined ? [] : processesOf(this.#child.pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const overdue = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await ended
    clearTimeout(overdue)
  }

  async #listens(): Promise<boolean> {
    for (const until = Date.now() + startTimeoutMs; Date.now() < until; ) {
      if (this.#child.exitCode !== null) return false
      if (await accepts(this.port)) return true
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return false
  }
}

/** Runs the generator to its end; its standard output. */
export async function runGenerator(command: readonly string[], timeoutMs: number): Promise<string> {
  const child = spawnPinned(command, 'generator')
  const overdue = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  try {
    const { stdout, stderr } = child
    if (stdout === null || stderr === null) throw new Error('a pipe is missing')
    const [output, complaints] = await Promise.all([text(stdout), text(stderr)])
    if (output === '') throw new Error(complaints.slice(-500) || `the generator took more than ${timeoutMs} ms`)
    return output
  } finally {
    clearTimeout(overdue)
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no free port')
  return address.port
}

function spawnPinned(command: readonly string[], core: keyof typeof cores): ChildProcess {
  const [program, ...args] = pinned ? ['taskset', '-c', cores[core], ...command] : command
  return spawn(program ?? '', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
