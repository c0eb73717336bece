import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { serverProgram } from '../../support/build.ts'

export interface RunOptions {
  readonly cwd: string
  readonly environment?: Readonly<Record<string, string>>
  /** Standard input; closed after it. */
  readonly input?: string
  /** Arguments of Node itself. */
  readonly node?: readonly string[]
  /** Who ends it. Default: the end of the test. */
  readonly endedBy?: 'caller'
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

/** What a program leaves among temporary files is in the folder, and is its own: Node 24 keeps compiled code there. */
export const temporaryIn = (folder: string) => ({ TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' })

/** `robust-server`, as users run it, in a process of its own. */
export class ServerProcess {
  readonly child: ChildProcess
  readonly exited: Promise<{ code: number | null; stdout: string; stderr: string }>
  readonly lines: LogLine[] = []
  stdout = ''
  stderr = ''
  #waiting: (() => void)[] = []

  constructor(args: readonly string[], { cwd, environment = {}, input = '', node = [], endedBy }: RunOptions) {
    const { PATH } = process.env
    this.child = spawn(process.execPath, [...node, serverProgram, ...args], { cwd, env: { PATH, ...environment } })
    const { stdin, stdout, stderr } = this.child
    stdin?.end(input)
    createInterface({ input: stdout! }).on('line', line => this.#read(line))
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exited = once(this.child, 'close').then(([code]: unknown[]) => {
      this.#wake()
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr }
    })
    if (endedBy !== 'caller') onTestFinished(() => this.end())
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exited
  }

  /** The first line with that message that was not waited for before. */
  async line(message: string): Promise<LogLine> {
    for (;;) {
      const at = this.lines.findIndex(({ msg }) => msg === message)
      if (at >= 0) return this.lines.splice(at, 1)[0]!
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended without "${message}": ${this.stdout}${this.stderr}`)
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  #read(line: string): void {
    this.stdout += `${line}\n`
    try {
      this.lines.push(JSON.parse(line) as LogLine)
    } catch {
      // Not every command logs.
    }
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** Runs a command to its end. */
export function command(args: readonly string[], options: RunOptions): ServerProcess['exited'] {
  return new ServerProcess(args, options).exited
}

/** Free ports instead of the standard ones. */
export const freePorts = { ROBUSTMQ__LISTENERS__TCP__PORT: '0', ROBUSTMQ__LISTENERS__WS__PORT: '0' }

/** The port of a listener in a 'ready' line. */
export function portOf(ready: LogLine, listener: string): number {
  const found = (ready.listeners as { listener: string; url: string }[]).find(one => one.listener === listener)
  return Number(/:(\d+)/.exec(found?.url ?? '')?.[1])
}
