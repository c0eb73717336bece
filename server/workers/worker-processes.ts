import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import type { Socket } from 'node:net'
import { errorOf } from '../../kernel/cluster/question.ts'
import { SocketPeer } from '../../kernel/cluster/socket-peer.ts'
import type { Logger } from '../../kernel/plugin.ts'
import type { Owner } from '../../kernel/workers/owner.ts'
import { type LoadedConfig, listenerOptions, secretTexts } from '../config/index.ts'
import { linkDescriptor, type OwnerWord, type WorkerWord } from './orders.ts'
import { ordersOf } from './orders-of.ts'
import { reservePorts, sharesPorts } from './port-sharing.ts'

/** A worker that is lost is started again after this, doubled each time while none of it lived for long. */
const firstRestartMs = 100
const lastRestartMs = 30_000
const longLifeMs = 60_000
/** A worker that was told to stop and does not end. */
const exitMs = 5_000

/** The processes that serve clients: started with the owner, and again whenever one is lost. */
export class WorkerProcesses {
  readonly #owner: Owner
  readonly #logger: Logger
  readonly #started: LoadedConfig
  readonly count: number
  readonly #reusePort = sharesPorts()
  #current: LoadedConfig
  #ports: ReadonlyMap<string, number> = new Map()
  readonly #children = new Map<number, ChildProcess>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  #closing = false

  constructor(owner: Owner, started: LoadedConfig, logger: Logger, count: number) {
    this.#owner = owner
    this.#started = started
    this.#current = started
    this.#logger = logger
    this.count = count
  }

  /** Resolves when all of them serve. @throws BrokerError what the first one failed with; the others are ended. */
  async start(): Promise<void> {
    if (this.#reusePort) this.#ports = await reservePorts(listenerOptions(this.#started))
    else prepareCluster()
    try {
      await Promise.all(Array.from({ length: this.count }, (_, i) => this.#run(i + 1, 0)))
    } catch (error) {
      this.#closing = true
      for (const child of this.#children.values()) child.kill('SIGKILL')
      throw error
    }
  }

  /** The owner has told them what is new; this is for those that start later, and for their logs. */
  reload(next: LoadedConfig): void {
    this.#current = next
    const word: OwnerWord = {
      level: next.config.log.level,
      secrets: [...new Set([...secretTexts(this.#started), ...secretTexts(next)])],
    }
    for (const child of this.#children.values()) if (child.connected) child.send(word, () => {})
  }

  /** From now on a worker that ends is not missed. To be called before the owner closes. */
  stopping(): void {
    this.#closing = true
    for (const timer of this.#restarts) clearTimeout(timer)
  }

  /** Resolves when none is left. To be called when the owner has closed. */
  async ended(): Promise<void> {
    await Promise.all(
      [...this.#children.values()].map(child => {
        const timer = setTimeout(() => child.kill('SIGKILL'), exitMs)
        return new Promise<void>(resolve => child.once('exit', () => resolve())).finally(() => clearTimeout(timer))
      }),
    )
  }

  async #run(number: number, failures: number): Promise<void> {
    const child = this.#fork()
    this.#children.set(number, child)
    const { pid } = child
    const name = `worker-${number}`
    const startedAt = performance.now()
    const listening = { ports: this.#ports, reusePort: this.#reusePort }
    const orders = ordersOf(number, this.#started, this.#current, listening)
    let failed: Error | undefined
    child.on('message', (word: WorkerWord) => {
      // Sent before it listens, a message is lost: Node's cluster listens first, for itself.
      if (word === 'hears') child.send(orders)
      else failed = errorOf(word.failed.code, word.failed.message)
    })
    child.on('error', error => {
      failed ??= error
    })
    const link = child.stdio[linkDescriptor] as Socket
    const peer = new SocketPeer(name, link)
    const { ready, lost } = this.#owner.serve(peer)
    const exited = new Promise<{ code: number | null; signal: string | null }>(resolve =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    )
    lost.then(async reason => {
      // One that cannot be understood, or that closed its link, is of no use.
      if (!this.#closing) child.kill('SIGKILL')
      const { code, signal } = await exited
      this.#children.delete(number)
      if (this.#closing) return
      const lived = performance.now() - startedAt > longLifeMs
      const restartMs = Math.min(lastRestartMs, firstRestartMs * 2 ** (lived ? 0 : failures))
      const fields = { worker: number, pid, code, signal, reason: failed?.message ?? reason, restartMs }
      this.#logger.error(fields, 'a worker is lost, and its clients with it; it is started again')
      this.#plan(number, lived ? 1 : failures + 1, restartMs)
    })
    try {
      await ready
    } catch (error) {
      await exited
      throw failed ?? error
    }
    this.#logger.info({ worker: number, pid }, 'a worker serves')
  }

  #plan(number: number, failures: number, restartMs: number): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer)
      // Its end is told where it is lost, and leads here again.
      this.#run(number, failures).catch(() => {})
    }, restartMs)
    this.#restarts.add(timer)
  }

  #fork(): ChildProcess {
    if (!this.#reusePort) return cluster.fork().process
    return fork(program(), workerArguments, { ...forkOptions })
  }
}

const workerArguments = ['worker']

const forkOptions = {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'] as ('ignore' | 'inherit' | 'pipe' | 'ipc')[],
  // Certificates and options are more than JSON can say.
  serialization: 'advanced' as const,
}

function program(): string {
  const [, script = ''] = process.argv
  return script
}

/** Where each process cannot bind the port itself, all accept from one socket. */
function prepareCluster(): void {
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ exec: program(), args: workerArguments, ...forkOptions })
}
