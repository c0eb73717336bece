import { ServerProcess } from '../server/support/robust-server.ts'
import { type Wire, wire } from '../support/wire.ts'
import { ExactPublisher } from './exact-clients.ts'

/** Messages under way to our server. */
const inFlight = 500
const keys = 10
/** The far side is away for a while, and with it every acknowledgement may be. */
const patienceMs = 600_000

/** What became of the messages, which are `key:number`, numbers of a key rising from 0. */
export interface Verdict {
  readonly acknowledged: number
  /** Acknowledged to their publisher, and never read at the far side. */
  readonly lost: number
  /** Read for the first time after a later one of the same key. */
  readonly disordered: number
  /** Read more than once. */
  readonly duplicates: number
}

export function judgeKeyed(acknowledged: ReadonlySet<string>, read: readonly string[]): Verdict {
  const seen = new Set<string>()
  const highest = new Map<string, number>()
  let disordered = 0
  for (const text of read) {
    if (seen.has(text)) continue
    seen.add(text)
    const [key = '', number = ''] = text.split(':')
    if (Number(number) < (highest.get(key) ?? -1)) disordered++
    else highest.set(key, Number(number))
  }
  const lost = [...acknowledged].filter(text => !seen.has(text)).length
  return { acknowledged: acknowledged.size, lost, disordered, duplicates: read.length - seen.size }
}

/** Our server as users run it, on one port and one folder, and a publisher that outlives each of its ends. */
export class KeyedLoad {
  readonly #publisher = new ExactPublisher()
  readonly #port: number
  readonly #run: { readonly cwd: string; readonly environment: Readonly<Record<string, string>> }
  #server: ServerProcess | undefined
  #wire: Wire | undefined
  #published = 0
  #wake = () => {}

  constructor(port: number, cwd: string) {
    this.#port = port
    const listeners = { tcp: { host: '127.0.0.1', port } }
    this.#run = { cwd, environment: { ROBUSTMQ__LISTENERS: JSON.stringify(listeners) } }
    this.#publisher.onAcknowledged = () => this.#wake()
  }

  get acknowledged(): ReadonlySet<string> {
    return this.#publisher.acknowledged
  }

  get pid(): number {
    return this.#server?.child.pid ?? 0
  }

  /** Starts the server, and goes on with what was not acknowledged. */
  async start(): Promise<void> {
    this.#server = new ServerProcess(['start'], this.#run)
    await this.#server.line('ready')
    this.#wire = await wire(this.#port, { timeoutMs: patienceMs })
    const properties = { sessionExpiryInterval: 0xffff_ffff, receiveMaximum: 65_535 }
    await this.#wire.connect({ clientId: 'load', clean: false, properties })
    this.#publisher.attach(this.#wire)
  }

  /** Resolves when so many messages were acknowledged altogether. */
  async reach(count: number): Promise<void> {
    while (this.acknowledged.size < count) {
      while (this.#publisher.open < inFlight && this.#published < count) this.#publish()
      if (this.acknowledged.size >= count) return
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#server?.kill('SIGKILL')
    await this.#server?.exited
  }

  async stop(): Promise<void> {
    this.#server?.kill('SIGTERM')
    await this.#server?.exited
  }

  #publish(): void {
    const key = this.#published % keys
    this.#publisher.publish(`load/${key}`, `${key}:${Math.floor(this.#published / keys)}`, 1)
    this.#published++
  }
}
