import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { testFolder } from '../server/support/config.ts'
import { type LogLine, portOf, ServerProcess } from '../server/support/robust-server.ts'

const plugin = fileURLToPath(new URL('probe-plugin.mjs', import.meta.url))
export const megabyte = 1_048_576

/** What a server holds at one moment. */
export interface Look {
  /** By name and the values of labels: `messages_dropped queue-full`. */
  readonly numbers: Readonly<Record<string, number>>
  /** What keeps its event loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  readonly memory: NodeJS.MemoryUsage
}

/** What is left when the garbage was collected. */
export interface Remains extends Look {
  readonly heapBytes: number
  /** Sockets, timers and the like, whether or not they are in use. */
  readonly objects: Readonly<Record<string, number>>
  /** Of what lives as long as the process. */
  readonly listeners: Readonly<Record<string, number>>
}

/** `robust-server` in a process of its own, with the test's probe in it. */
export class ProbedServer {
  readonly process: ServerProcess
  readonly ready: LogLine
  readonly #probe: Socket
  readonly #answers: AsyncIterator<string>

  private constructor(server: ServerProcess, ready: LogLine, probe: Socket) {
    this.process = server
    this.ready = ready
    this.#probe = probe
    this.#answers = createInterface({ input: probe })[Symbol.asyncIterator]()
  }

  /** `configuration`: lists and maps that go beside the probe's own, listeners among them. */
  static async start(configuration: Readonly<Record<string, unknown>>): Promise<ProbedServer> {
    const { listeners, ...others } = configuration
    const host = '127.0.0.1'
    const cwd = testFolder({
      'robustmq.yaml': JSON.stringify({
        plugins: [plugin],
        listeners: {
          tcp: { host, port: 0 },
          probe: { host, port: 0, protocol: 'probe' },
          ...(listeners as object | undefined),
        },
        log: { format: 'json' },
        // Another server of a test may hold its port, and its history of numbers takes memory that grows by design.
        http: { enabled: false },
        ...others,
      }),
    })
    // The probe's own way of counting objects.
    const environment = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' }
    const server = new ServerProcess(['start'], { cwd, environment })
    const ready = await server.line('ready')
    const probe = net.connect(portOf(ready, 'probe'), host)
    await once(probe, 'connect')
    return new ProbedServer(server, ready, probe)
  }

  get pid(): number {
    return this.process.child.pid as number
  }

  port(listener = 'tcp'): number {
    return portOf(this.ready, listener)
  }

  look(): Promise<Look> {
    return this.#ask('look')
  }

  /** After its garbage was collected. */
  collect(): Promise<Look> {
    return this.#ask('collect')
  }

  /** After that, object by object: this takes its time. */
  count(): Promise<Remains> {
    return this.#ask('count') as Promise<Remains>
  }

  async #ask(line: string): Promise<Look> {
    this.#probe.write(`${line}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`the server is gone: ${this.process.stdout.slice(-2_000)}${this.process.stderr}`)
    return JSON.parse(value) as Look
  }

  /** Looks until what it sees holds; whoever waits in vain is ended by the test's own limit. */
  async until(holds: (look: Look) => boolean): Promise<Look> {
    for (;;) {
      const look = await this.look()
      if (holds(look)) return look
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  /** Its resident memory: now, and the most there has been. */
  get rss(): { readonly nowBytes: number; readonly mostBytes: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    const read = (name: string) => Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(status)?.[1]) * 1_024
    return { nowBytes: read('VmRSS'), mostBytes: read('VmHWM') }
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  async stop(): Promise<number | null> {
    this.#probe.destroy()
    this.process.kill('SIGTERM')
    return (await this.process.exited).code
  }
}
