import type { PermissionOptions } from '../access/index.ts'
import type { Peer } from '../cluster/bus.ts'
import type { TlsOptions } from '../contract/connection.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Logger } from '../contract/observe.ts'
import type { Space } from '../contract/space.ts'
import { type RunningKernel, startKernel } from '../create-kernel.ts'
import { Deferred } from '../deferred.ts'
import type { Bound as BoundListener } from '../front.ts'
import type { Kernel } from '../kernel.ts'
import { silentLogger } from '../observe/silent-logger.ts'
import type { AccessOptions, KernelOptions } from '../options.ts'
import { systemClock } from '../system-clock.ts'
import { Desk, type DeskHost } from './desk.ts'
import { Takeovers } from './takeovers.ts'
import { asksWorker, type ReloadProtocolBody, type ReplaceTlsBody, type Welcome } from './words.ts'
import { WorkerNumbers } from './worker-numbers.ts'

/** Of the memory limit, what the owner has; the workers share the rest. */
const ownerPart = 1 / 2

/** A worker that the owner serves. */
export interface Served {
  /** Resolves when its listeners are open; rejects when it is lost before. */
  readonly ready: Promise<readonly BoundListener[]>
  /** Resolves, with the reason, when it is gone. */
  readonly lost: Promise<string>
}

/** A broker whose clients are served by other processes: everything of the kernel but connections. */
export interface Owner extends Kernel {
  /** Takes a worker on. Its name is what its numbers are shown under. */
  serve(peer: Peer): Served
}

/**
 * Starts a broker that opens no listener: workers do, `workers` of them.
 * @throws BrokerError as `createKernel` does.
 */
export async function createOwner(options: KernelOptions, workers: number): Promise<Owner> {
  const memoryBytes = options.limits?.memoryBytes ?? 0
  const limits = { ...options.limits, memoryBytes: memoryBytes * ownerPart }
  const kernel = await startKernel({ ...options, listeners: [], limits })
  return new RunningOwner(kernel, options, (memoryBytes * (1 - ownerPart)) / workers)
}

class RunningOwner implements Owner, DeskHost {
  readonly #kernel: RunningKernel
  readonly #protocols: ReadonlySet<string>
  readonly #workerMemoryBytes: number
  readonly logger: Logger
  readonly takeovers: Takeovers
  readonly #desks = new Map<
    Desk,
    { readonly ready: Deferred<readonly BoundListener[]>; readonly lost: Deferred<string> }
  >()
  /** Publishers that wait for what all share. */
  #pressing = 0
  #access: PermissionOptions
  #listeners: readonly BoundListener[] = []
  #closed: Promise<void> | undefined

  constructor(kernel: RunningKernel, options: KernelOptions, workerMemoryBytes: number) {
    this.#kernel = kernel
    this.#protocols = new Set(options.protocols.map(({ plugin }) => plugin.name))
    this.logger = options.logger ?? silentLogger
    this.#workerMemoryBytes = workerMemoryBytes
    this.takeovers = new Takeovers(options.clock ?? systemClock)
    this.#access = rulesOf(options.access ?? {})
    kernel.memory.also(() => this.#pendingBytes)
    kernel.traces.switched = traced => {
      for (const desk of this.#desks.keys()) if (desk.ready) desk.tell('traced', traced)
    }
  }

  get listeners(): Kernel['listeners'] {
    return this.#listeners
  }

  get counters(): Kernel['counters'] {
    return this.#kernel.counters
  }

  get events(): Kernel['events'] {
    return this.#kernel.events
  }

  get operations(): Kernel['operations'] {
    return this.#kernel.operations
  }

  get plugins(): Kernel['plugins'] {
    return this.#kernel.plugins
  }

  get bridges(): Kernel['bridges'] {
    return this.#kernel.bridges
  }

  reloadBridges(...bridging: Parameters<Kernel['reloadBridges']>): Promise<void> {
    return this.#kernel.reloadBridges(...bridging)
  }

  get alarms(): Kernel['alarms'] {
    return this.#kernel.alarms
  }

  get slowConsumers(): Kernel['slowConsumers'] {
    return this.#kernel.slowConsumers
  }

  get traces(): Kernel['traces'] {
    return this.#kernel.traces
  }

  get blacklist(): Kernel['blacklist'] {
    return this.#kernel.blacklist
  }

  space(tenant?: string): Space {
    return this.#kernel.space(tenant)
  }

  serve(peer: Peer): Served {
    const ready = new Deferred<readonly BoundListener[]>()
    const lost = new Deferred<string>()
    // Whoever does not wait for it hears that it is lost.
    ready.promise.catch(() => {})
    const desk = new Desk(peer, this, new WorkerNumbers(this.counters, peer.name))
    this.#desks.set(desk, { ready, lost })
    return { ready: ready.promise, lost: lost.promise }
  }

  async reloadAccess(access: AccessOptions): Promise<void> {
    await this.#kernel.reloadAccess(access)
    this.#access = rulesOf(access)
    for (const desk of this.#desks.keys()) if (desk.ready) desk.tellAccess(this.welcome())
  }

  async reloadProtocol(name: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
    // First where what is wrong is found before anybody has changed anything.
    if (!(await this.#kernel.reloadProtocol(name, options))) return false
    const body: ReloadProtocolBody = { name, options }
    await this.#askAll(asksWorker.reloadProtocol, body)
    return true
  }

  replaceTls(listener: string, tls: TlsOptions): void {
    const body: ReplaceTlsBody = { listener, tls }
    this.#askAll(asksWorker.replaceTls, body).catch((error: Error) => {
      this.logger.error({ listener, error: error.message }, 'a worker did not take the new certificate')
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#desks.keys()].map(desk => this.#stop(desk)))
    await this.#kernel.close()
  }

  /** Its clients are told good-bye; what their last words were has been heard when it has answered. */
  async #stop(desk: Desk): Promise<void> {
    desk.stopping = true
    await desk.peer.request(asksWorker.stop, undefined).catch(() => {})
    await desk.peer.close()
    this.#desks.get(desk)?.lost.resolve('it was stopped')
    this.#desks.delete(desk)
  }

  /** A worker that is lost meanwhile will start with what is new. */
  async #askAll(kind: number, body: unknown): Promise<void> {
    await Promise.all(
      [...this.#desks.keys()].map(desk =>
        desk.peer.request(kind, body).catch((error: Error) => {
          if (this.#desks.has(desk)) throw error
        }),
      ),
    )
  }

  hostOf(protocol: string): ReturnType<DeskHost['hostOf']> {
    if (!this.#protocols.has(protocol)) throw new BrokerError('CONFIG_INVALID', `protocol "${protocol}" is not loaded`)
    return this.#kernel.hostOf(protocol, { rated: false })
  }

  welcome(): Welcome {
    const { node, limits, methods } = this.#kernel
    return {
      node,
      limits: { ...limits, memoryBytes: this.#workerMemoryBytes },
      access: this.#access,
      methods,
      charges: limits.tenantPublishesPerSecond > 0 || limits.nodePublishesPerSecond > 0,
    }
  }

  ready(desk: Desk, listeners: readonly BoundListener[]): void {
    desk.ready = true
    if (this.#listeners.length === 0) this.#listeners = listeners
    // What changed between its welcome and now.
    desk.tellAccess(this.welcome())
    if (this.#pressing > 0) desk.tell('careful', true)
    if (this.#kernel.traces.running > 0) desk.tell('traced', true)
    for (const other of this.#desks.keys()) this.connections(other)
    this.#desks.get(desk)?.ready.resolve(listeners)
  }

  /** Limits of connections are the node's: each worker knows what the others have. */
  connections(changed: Desk): void {
    for (const listener of changed.connections.keys()) {
      let all = 0
      for (const desk of this.#desks.keys()) all += desk.connections.get(listener) ?? 0
      for (const desk of this.#desks.keys()) {
        if (desk !== changed && desk.ready) desk.tellElsewhere(listener, all - (desk.connections.get(listener) ?? 0))
      }
    }
  }

  pressed(wait: Promise<void>): void {
    if (this.#pressing++ === 0) this.#tellCareful(true)
    wait.then(() => {
      if (--this.#pressing === 0) this.#tellCareful(false)
    })
  }

  #tellCareful(careful: boolean): void {
    for (const desk of this.#desks.keys()) if (desk.ready) desk.tell('careful', careful)
  }

  lost(desk: Desk, reason: string): void {
    const waiting = this.#desks.get(desk)
    this.#desks.delete(desk)
    for (const other of this.#desks.keys()) this.connections(other)
    waiting?.ready.reject(new BrokerError('CLOSED', `${desk.peer.name} is gone: ${reason}`))
    waiting?.lost.resolve(reason)
  }

  get #pendingBytes(): number {
    let bytes = 0
    for (const { peer } of this.#desks.keys()) bytes += peer.pendingBytes
    return bytes
  }
}

function rulesOf({ rules, noMatch, openTopics }: AccessOptions): PermissionOptions {
  return { ...(rules && { rules }), ...(noMatch && { noMatch }), ...(openTopics && { openTopics }) }
}
