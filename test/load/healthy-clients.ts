import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('clients/healthy.mjs', import.meta.url))

/** How long a message took from its publisher's call to its subscriber's handler. */
export interface Latencies {
  readonly measured: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mostMs: number
}

export interface StreamCounts {
  readonly sent: number
  readonly acknowledged: number
  readonly came: number
  readonly disordered: number
}

/** Clients that do nothing wrong, in a process of their own. */
export class HealthyClients {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #complaints = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    child.stderr?.setEncoding('utf8').on('data', text => {
      this.#complaints += text
    })
    onTestFinished(() => void child.kill('SIGKILL'))
  }

  static async start(port: number, pairs: number): Promise<HealthyClients> {
    const { PATH } = process.env
    const clients = new HealthyClients(spawn(process.execPath, [program, `${port}`, `${pairs}`], { env: { PATH } }))
    await clients.#line('ready')
    return clients
  }

  /** The latencies since the last call. */
  async measure(): Promise<Latencies> {
    this.#child.stdin?.write('measure\n')
    return JSON.parse(await this.#line('measured ')) as Latencies
  }

  /** They stop publishing, and wait for what is on its way. */
  async finish(): Promise<readonly StreamCounts[]> {
    this.#child.stdin?.write('finish\n')
    return JSON.parse(await this.#line('report ')) as readonly StreamCounts[]
  }

  /** The rest of the next line, which must begin so: a healthy client has nothing else to say. */
  async #line(beginning: string): Promise<string> {
    const { value = '', done } = await this.#lines.next()
    if (done || !value.startsWith(beginning))
      throw new Error(`expected "${beginning}" of the healthy clients: ${value} ${this.#complaints}`)
    return value.slice(beginning.length)
  }
}
