import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { availableParallelism } from 'node:os'
import { text } from 'node:stream/consumers'

const startTimeoutMs = 20_000
const stopTimeoutMs = 6_000

/** Brokers on one core, the generator on another, where the machine allows it. */
export const pinned: boolean = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0

/** The command on these cores alone, as taskset names them, where the machine allows it. */
export function onCores(cores: string, command: readonly string[]): string[] {
  return pinned ? ['taskset', '-c', cores, ...command] : [...command]
}

/** This process and whatever it starts from now on, on these cores alone, where the machine allows it. */
export function keepTo(cores: string): void {
  if (pinned) execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore' })
}

/**
 * The command with each of its fsyncs held for `ms` longer: what a slower disk looks like to a process. strace does it as
 * nobody's child, so that its own time is not counted, and stops the process at no other system call.
 * Throws where strace is missing.
 */
export function withSlowDisk(ms: number, command: readonly string[]): string[] {
  if (ms === 0) return [...command]
  if (!isInstalled('strace')) throw new Error('a slow disk is imitated with strace, which is not installed')
  const delayed = ['-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:delay_enter=${ms * 1000}`]
  return ['strace', '-D', '-f', '--seccomp-bpf', '-qq', '-e', 'signal=none', ...delayed, '-o', '/dev/null', ...command]
}

/** The command with so many open files allowed. Throws where the system does not allow them. */
function withOpenFiles(files: number, command: readonly string[]): string[] {
  const limit = outputOf('sh', '-c', 'ulimit -Hn')
  if (Number(limit) < files && spawnSync('sh', ['-c', `ulimit -n ${files}`]).status !== 0) {
    const mend = `raise the hard limit (ulimit -Hn), or measure fewer idle connections with --idle`
    throw new Error(`${files} open files are needed and ${limit} are allowed: ${mend}`)
  }
  return ['sh', '-c', 'ulimit -n "$0" && exec "$@"', String(files), ...command]
}

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
  static async start(command: readonly string[], port: number, openFiles: number): Promise<BrokerProcess> {
    const started = new BrokerProcess(start(withOpenFiles(openFiles, command)), port)
    if (await started.#listens()) return started
    await started[Symbol.asyncDispose]()
    throw new Error(`${command.join(' ')} does not listen on port ${port}: ${started.#output}`)
  }

  get pid(): number {
    return this.#child.pid ?? 0
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
export async function runGenerator(command: readonly string[], openFiles: number, timeoutMs: number): Promise<string> {
  const child = start(withOpenFiles(openFiles, command))
  const overdue = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  try {
    const { stdout, stderr } = child
    if (stdout === null || stderr === null) throw new Error('a pipe is missing')
    const [output, complaints] = await Promise.all([text(stdout), text(stderr)])
    if (output === '') {
      const complaint = /^\w*Error: .*$/m.exec(complaints)?.[0] ?? complaints.slice(-500)
      throw new Error(complaint || `the generator took more than ${timeoutMs} ms`)
    }
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

function start([program = '', ...args]: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
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
