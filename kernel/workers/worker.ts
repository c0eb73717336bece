import { Permissions } from '../access/index.ts'
import type { Peer } from '../cluster/bus.ts'
import type { Clock } from '../contract/clock.ts'
import type { ListenerOptions, TlsOptions } from '../contract/connection.ts'
import type { Events, Logger } from '../contract/observe.ts'
import type { ProtocolPlugin } from '../contract/protocol.ts'
import { type Bound as BoundListener, Front } from '../front.ts'
import { Memory } from '../memory/memory.ts'
import { processMemory } from '../memory/process-memory.ts'
import type { Elsewhere } from '../net/index.ts'
import { EventHub } from '../observe/events.ts'
import { silentLogger } from '../observe/silent-logger.ts'
import type { Chosen } from '../options.ts'
import { systemClock } from '../system-clock.ts'
import { version } from '../version.ts'
import { OwnerLink } from './owner-link.ts'
import { asksOwner, asksWorker, type ReloadProtocolBody, type ReplaceTlsBody, toOwner, type Welcome } from './words.ts'
import { CrossingCounters } from './worker-numbers.ts'

/** Numbers are told with whatever else leaves, and this often when nothing does. */
const tellEveryMs = 1_000

export interface WorkerOptions {
  readonly protocols: readonly Chosen<ProtocolPlugin<never>>[]
  readonly listeners: readonly ListenerOptions[]
  readonly logger?: Logger
  readonly clock?: Clock
  /** Other workers bind the same ports. */
  readonly reusePort?: boolean
  /** It is over: the owner had it stop, or is gone, and with it every session. Clients have been told good-bye. */
  ended(how: 'stopped' | 'lost', reason: string): void
}

export interface Worker {
  readonly listeners: readonly BoundListener[]
  /** Says good-bye to clients; the owner has it done when it stops. */
  close(): Promise<void>
}

/**
 * Serves clients for an owner in another process.
 * @throws BrokerError CONFIG_INVALID, LISTEN_FAILED; CLOSED when the owner is gone.
 */
export async function startWorker(peer: Peer, options: WorkerOptions): Promise<Worker> {
  const link = new OwnerLink(peer)
  const welcome = (await peer.request(asksOwner.hello, undefined)) as Welcome
  const worker = new RunningWorker(link, options, welcome)
  try {
    await worker.start()
  } catch (error) {
    await worker.close().catch(() => {})
    throw error
  }
  return worker
}

class RunningWorker implements Worker {
  readonly #link: OwnerLink
  readonly #options: WorkerOptions
  readonly #welcome: Welcome
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #counters = new CrossingCounters()
  readonly #events: Events
  readonly #memory: Memory
  readonly #elsewhere: OtherWorkers
  readonly #front: Front
  #cancel: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(link: OwnerLink, options: WorkerOptions, welcome: Welcome) {
    this.#link = link
    this.#options = options
    this.#welcome = welcome
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#events = new CrossingEvents(link.peer, this.#logger)
    this.#elsewhere = new OtherWorkers(link.peer)
    this.#memory = new Memory({
      limitBytes: welcome.limits.memoryBytes,
      queuedBytes: 0,
      clock: this.#clock,
      counters: this.#counters,
      process: processMemory,
    })
    this.#memory.also(() => link.peer.pendingBytes)
    this.#front = new Front({
      clock: this.#clock,
      logger: this.#logger,
      counters: this.#counters,
      memory: this.#memory,
      maxConnections: welcome.limits.connections,
      left: connection => link.left(connection),
      elsewhere: this.#elsewhere,
      reusePort: options.reusePort ?? false,
    })
    link.begin({
      permissions: new Permissions(welcome.access),
      logger: this.#logger,
      limits: welcome.limits,
      methods: welcome.methods,
      charges: welcome.charges,
      clock: this.#clock,
      elsewhere: (listener, connections) => this.#elsewhere.told(listener, connections),
      asked: (kind, body) => this.#asked(kind, body),
      lost: reason => this.#lost(reason),
      leaving: () => this.#tell(),
    })
  }

  get listeners(): readonly BoundListener[] {
    return this.#front.listeners
  }

  async start(): Promise<void> {
    for (const chosen of this.#options.protocols) await this.#openProtocol(chosen)
    for (const listener of this.#options.listeners) await this.#front.listen(listener)
    await this.#link.peer.request(asksOwner.ready, { listeners: this.listeners })
    this.#plan()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#cancel?.()
    await this.#front.close()
    this.#memory.close()
    this.#tell()
  }

  async #openProtocol(chosen: Chosen<ProtocolPlugin<never>>): Promise<void> {
    const { name } = chosen.plugin
    const link = this.#link
    await this.#front.openProtocol(chosen, {
      node: this.#welcome.node,
      version,
      clock: this.#clock,
      logger: this.#logger,
      counters: this.#counters,
      events: this.#events,
      limits: this.#welcome.limits,
      login: (credentials, caller) => link.login(name, credentials, caller),
      exchange: (method, caller) => link.exchange(name, method, caller),
      admit: (identity, clientId, caller) => link.admit(name, identity, clientId, caller),
      system: tenant => link.system(name, tenant),
    })
  }

  async #asked(kind: number, body: unknown): Promise<unknown> {
    switch (kind) {
      case asksWorker.reloadProtocol: {
        const { name, options } = body as ReloadProtocolBody
        return await this.#front.reloadProtocol(name, options)
      }
      case asksWorker.replaceTls: {
        const { listener, tls } = body as ReplaceTlsBody
        return this.#front.replaceTls(listener, tls as TlsOptions)
      }
      case asksWorker.stop:
        return await this.close()
      default:
        throw new RangeError(`the owner asks ${kind}`)
    }
  }

  #tell(): void {
    this.#counters.tell(() => this.#link.peer.begin(toOwner.counted))
  }

  #plan(): void {
    this.#cancel = this.#clock.after(tellEveryMs, () => {
      this.#tell()
      this.#plan()
    })
  }

  #lost(reason: string): void {
    const how = this.#closed ? 'stopped' : 'lost'
    this.close().finally(() => this.#options.ended(how, reason))
  }
}

/** What other workers have of the node's connections. */
class OtherWorkers implements Elsewhere {
  connections = 0
  readonly #peer: Peer
  readonly #listeners = new Map<string, number>()

  constructor(peer: Peer) {
    this.#peer = peer
  }

  of(listener: string): number {
    return this.#listeners.get(listener) ?? 0
  }

  told(listener: string, connections: number): void {
    this.connections += connections - this.of(listener)
    this.#listeners.set(listener, connections)
  }

  changed(listener: string, by: 1 | -1): void {
    const frame = this.#peer.begin(toOwner.connections)
    frame.name(listener)
    frame.uint8(by === 1 ? 1 : 0)
  }
}

/** Events of a worker are the node's: whoever waits for them is with the owner. */
class CrossingEvents extends EventHub {
  readonly #peer: Peer

  constructor(peer: Peer, logger: Logger) {
    super(logger)
    this.#peer = peer
  }

  override emit(name: string, detail: Readonly<Record<string, unknown>>): void {
    super.emit(name, detail)
    const frame = this.#peer.begin(toOwner.event)
    frame.name(name)
    frame.string(JSON.stringify(detail))
  }
}
