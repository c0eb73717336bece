import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const clients = path.join(import.meta.dirname, 'clients')
const interop = path.join(import.meta.dirname, '../interop/run')

/** How long a program may be silent when something is waited for. */
const patienceMs = 60_000

/** One publisher and one subscriber of one topic, as their process reports them: messages are numbers, from 0 on. */
export interface Stream {
  readonly client: string
  readonly qos: 1 | 2
  readonly sent: number
  readonly acknowledged: readonly number[]
  /** In the order in which the library gave them to its user. */
  readonly came: readonly number[]
}

export interface Verdict {
  readonly acknowledged: number
  readonly came: number
  /** Acknowledged, and never delivered. */
  readonly lost: number
  /** Deliveries of QoS 2 beyond the first. */
  readonly repeated: number
  /** First deliveries that came after a later message's. */
  readonly disordered: number
}

/** What a stream has to show for itself. */
export function judge({ qos, acknowledged, came }: Pick<Stream, 'qos' | 'acknowledged' | 'came'>): Verdict {
  const firsts = [...new Set(came)]
  const known = new Set(came)
  let highest = -1
  let disordered = 0
  for (const number of firsts) {
    if (number < highest) disordered++
    else highest = number
  }
  return {
    acknowledged: acknowledged.length,
    came: firsts.length,
    lost: acknowledged.filter(number => !known.has(number)).length,
    repeated: qos === 2 ? came.length - firsts.length : 0,
    disordered,
  }
}

/**
 * Real client programs under load, each a process of its own that outlives the broker: they connect again by their
 * libraries' own means. A program prints `ready`, then `acknowledged N` for every few publishes that were; at a line
 * on its standard input it finishes what is in flight, waits for the last message of each stream, and prints `report`
 * with its streams as JSON.
 */
export class Fleet implements AsyncDisposable {
  readonly #programs: readonly Program[]

  private constructor(programs: readonly Program[]) {
    this.#programs = programs
  }

  /** Connects everything and begins. `python`: Paho besides MQTT.js. */
  static async start(port: number, { python }: { readonly python: boolean }): Promise<Fleet> {
    const programs = [new Program(process.execPath, [path.join(clients, 'javascript.mjs'), '127.0.0.1', `${port}`])]
    if (python) {
      const { stdout } = await promisify(execFile)(interop, ['packages', 'python'])
      const environment = { PYTHONPATH: stdout.trim(), PYTHONDONTWRITEBYTECODE: '1' }
      programs.push(new Program('python3', [path.join(clients, 'python.py'), '127.0.0.1', `${port}`], environment))
    }
    const fleet = new Fleet(programs)
    await Promise.all(programs.map(program => program.line('ready')))
    return fleet
  }

  /** Resolves when so many more publishes were acknowledged to each of the programs. */
  async acknowledged(publishes: number): Promise<void> {
    await Promise.all(this.#programs.map(program => program.acknowledged(publishes)))
  }

  /** Ends the load in good order. */
  async finish(): Promise<readonly Stream[]> {
    const reports = await Promise.all(this.#programs.map(program => program.finish()))
    return reports.flat()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map(program => program.end()))
  }
}

class Program {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #lines: string[] = []
  #acknowledged = 0
  #complaints = ''
  #wake = () => {}

  constructor(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { PATH, HOME } = process.env
    this.#child = spawn(command, args, { env: { PATH, HOME, ...environment } })
    const { stdout, stderr } = this.#child
    createInterface({ input: stdout! }).on('line', line => {
      const [, publishes] = /^acknowledged (\d+)$/.exec(line) ?? []
      if (publishes === undefined) this.#lines.push(line)
      else this.#acknowledged += Number(publishes)
      this.#wake()
    })
    stderr?.setEncoding('utf8').on('data', text => {
      this.#complaints += text
    })
    this.#closed = once(this.#child, 'close').then(() => this.#wake())
  }

  async line(beginning: string): Promise<string> {
    await this.#until(() => this.#lines.some(line => line.startsWith(beginning)))
    return this.#lines.find(line => line.startsWith(beginning)) as string
  }

  async acknowledged(publishes: number): Promise<void> {
    const enough = this.#acknowledged + publishes
    await this.#until(() => this.#acknowledged >= enough)
  }

  async finish(): Promise<readonly Stream[]> {
    this.#child.stdin?.write('finish\n')
    return JSON.parse((await this.line('report ')).slice('report '.length))
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  async #until(holds: () => boolean): Promise<void> {
    const overdue = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs)
    try {
      while (!holds()) {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null)
          throw new Error(`a client program ended, or hung for ${patienceMs} ms: ${this.#lastWords}`)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(overdue)
    }
  }

  get #lastWords(): string {
    return `${this.#lines.join('\n').slice(-500)}\n${this.#complaints.slice(-2_000)}`
  }
}
