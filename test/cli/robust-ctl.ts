import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `robust-ctl`, as users run it. */
export class Ctl {
  readonly #environment: Readonly<Record<string, string>>

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment
  }

  /** Runs a command to its end; `input` is its standard input. */
  run(args: readonly string[], input = ''): Promise<Ended> {
    return this.#run(args, child => child.stdin.end(input))
  }

  /** The same, and nobody reads what it writes. */
  runUnread(args: readonly string[]): Promise<Ended> {
    return this.#run(args, child => child.stdout.destroy())
  }

  async #run(args: readonly string[], begin: (child: ChildProcessWithoutNullStreams) => void): Promise<Ended> {
    const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env.PATH, ...this.#environment } })
    onTestFinished(() => void child.kill('SIGKILL'))
    const text = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk
      })
    begin(child)
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, ...text }
  }
}
