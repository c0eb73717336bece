import { AuthenticationChain, BanSet, Blacklist, type NamedAuthenticator, Permissions } from './access/index.ts'
import type { BridgingOptions } from './bridging/bridge-options.ts'
import { Bridges, type BridgesApi, prepareBridges } from './bridging/bridges.ts'
import { Marks } from './bridging/marks.ts'
import { type ClientHost, clientHost } from './client-host.ts'
import type { Identity } from './contract/access.ts'
import type { BridgeHost } from './contract/bridge.ts'
import type { Clock } from './contract/clock.ts'
import type { TlsOptions } from './contract/connection.ts'
import { BrokerError } from './contract/errors.ts'
import type { Logger } from './contract/observe.ts'
import type { Storage } from './contract/storage.ts'
import { Exchange } from './exchange.ts'
import { Front } from './front.ts'
import { Gatekeeper } from './gatekeeper.ts'
import type { Kernel } from './kernel.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { Memory } from './memory/memory.ts'
import { processMemory } from './memory/process-memory.ts'
import { systemProbes } from './observe/alarm-probes.ts'
import { Alarms, defaultAlarmLimits } from './observe/alarms.ts'
import { CounterSet } from './observe/counters.ts'
import { EventHub } from './observe/events.ts'
import { silentLogger } from './observe/silent-logger.ts'
import { SlowConsumers } from './observe/slow-consumers.ts'
import { StorageRoom } from './observe/storage-room.ts'
import { Traces } from './observe/traces.ts'
import { Operations } from './operations/operations.ts'
import type { AccessOptions, KernelOptions } from './options.ts'
import { noTable } from './plugins/no-storage.ts'
import { openPlugin } from './plugins/open-plugin.ts'
import { publishRates } from './publish-rates.ts'
import { QueueHost } from './queues/queue-host.ts'
import { Retained } from './retained/retained.ts'
import { Delayed } from './schedule/delayed.ts'
import { ReturningDue } from './schedule/returning-due.ts'
import { Schedule } from './schedule/schedule.ts'
import { KernelHoldings } from './sessions/holdings.ts'
import { recoverSessions, resumeDeadlines } from './sessions/recover.ts'
import { oldestUnsettled } from './sessions/session-gauges.ts'
import { Sessions } from './sessions/sessions.ts'
import { ownPrincipal, type SpaceHost, TenantSpace } from './space.ts'
import { Ledger } from './spool/ledger.ts'
import { Spool } from './spool/spool.ts'
import { systemClock } from './system-clock.ts'
import { defaultTenant, Tenant } from './tenant.ts'
import { version } from './version.ts'

/** A message is slow when its consumer settles it later than this after it was published. */
const slowAfterMs = 500

/**
 * Starts a broker in this process: storage first, then what it kept, then access, protocols, and listeners last, so
 * that no client meets a half-started broker. When it fails nothing is left open.
 * @throws BrokerError CONFIG_INVALID, LISTEN_FAILED, STORAGE_CORRUPT, STORAGE_FAILED, STORAGE_FORMAT, STORAGE_LOCKED
 */
export function createKernel(options: KernelOptions): Promise<Kernel> {
  return startKernel(options)
}

/** As `createKernel`, for those who serve its clients in other processes. */
export async function startKernel(options: KernelOptions): Promise<RunningKernel> {
  const starting = new RunningKernel(options)
  try {
    await starting.start()
  } catch (error) {
    await starting.close().catch(() => {})
    throw error
  }
  return starting
}

export class RunningKernel implements Kernel {
  readonly node: string
  readonly counters = new CounterSet()
  readonly events: EventHub
  readonly slowConsumers: SlowConsumers
  readonly traces: Traces
  readonly #options: KernelOptions
  readonly limits: Limits
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #schedule: Schedule
  readonly #memory: Memory
  readonly #front: Front
  readonly #tenants = new Map<string, Tenant>()
  #storage: Storage | undefined
  #spool: Spool | undefined
  #parts: Parts | undefined
  #bridges: Bridges | undefined
  #failure: unknown
  #closed: Promise<void> | undefined

  constructor(options: KernelOptions) {
    this.#options = options
    this.node = options.node ?? 'robustmq'
    this.limits = { ...defaultLimits, ...options.limits }
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.events = new EventHub(this.#logger)
    this.slowConsumers = new SlowConsumers(this.#clock, slowAfterMs)
    this.traces = new Traces(this.#clock, this.events)
    this.#schedule = new Schedule(this.#clock)
    this.#memory = new Memory({
      limitBytes: this.limits.memoryBytes,
      queuedBytes: this.limits.queuedBytes,
      clock: this.#clock,
      counters: this.counters,
      process: processMemory,
    })
    this.#front = new Front({
      clock: this.#clock,
      logger: this.#logger,
      counters: this.counters,
      memory: this.#memory,
      maxConnections: this.limits.connections,
    })
  }

  get listeners(): Kernel['listeners'] {
    return this.#front.listeners
  }

  get plugins(): Kernel['plugins'] {
    const { storage } = this.#options
    const kept = storage && { kind: 'storage', name: storage.plugin.name, state: this.#storage?.inspect() ?? {} }
    return [...this.#front.protocols, ...(kept ? [kept] : []), ...this.#running.gatekeeper.chain.plugins]
  }

  get memory(): Memory {
    return this.#memory
  }

  /** Methods of challenge and response that an authenticator offers. */
  get methods(): readonly string[] {
    return this.#running.gatekeeper.chain.methods
  }

  get alarms(): Alarms {
    return this.#running.alarms
  }

  get blacklist(): Blacklist {
    return this.#running.gatekeeper.blacklist
  }

  get operations(): Operations {
    return this.#running.operations
  }

  get bridges(): BridgesApi {
    return this.#running.bridges
  }

  get sessions(): Sessions {
    return this.#running.sessions
  }

  get #running(): Parts {
    if (!this.#parts) throw new BrokerError('CLOSED', 'the broker is not running')
    return this.#parts
  }

  async start(): Promise<void> {
    const prepared = await prepareBridges(this.#options.bridging, this.#bridgeHost)
    const bridges = (this.#bridges = new Bridges(prepared, this.#bridgeHost))
    const storage = await this.#openStorage()
    const parts = await this.#assemble(storage, bridges)
    this.#parts = parts
    for (const chosen of this.#options.protocols) await this.#openProtocol(chosen)
    await resumeDeadlines(parts.sessions, parts.due.published, this.#clock)
    parts.delayed.restore(parts.due.delayed)
    await bridges.start({ ...this.#bridgeHost, ...parts, events: this.events, space: (...of) => this.space(...of) })
    for (const listener of this.#options.listeners ?? []) await this.#front.listen(listener)
    // The event came before anybody could listen to it.
    if (this.#failure !== undefined) throw this.#failure
  }

  space(tenant = defaultTenant, guest?: string): TenantSpace {
    const principal = ownPrincipal(this.#running.gatekeeper.permissions, tenant, guest)
    return new TenantSpace(this.#running, this.#tenant(tenant), principal, 'kernel')
  }

  async reloadAccess(access: AccessOptions): Promise<void> {
    const { gatekeeper } = this.#running
    const bans = new BanSet(this.#clock, access.bans)
    await gatekeeper.chain.reload()
    gatekeeper.permissions.replace({
      rules: access.rules,
      noMatch: access.noMatch,
      openTopics: access.openTopics,
    })
    gatekeeper.blacklist.configured = bans
    gatekeeper.chain.configure(access)
  }

  reloadBridges(bridging: BridgingOptions): Promise<void> {
    const { bridges, queues } = this.#running
    return bridges.reload(bridging, queues)
  }

  get #bridgeHost(): BridgeHost {
    return { node: this.node, version, clock: this.#clock, logger: this.#logger, counters: this.counters }
  }

  reloadProtocol(name: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
    return this.#front.reloadProtocol(name, options)
  }

  replaceTls(name: string, tls: TlsOptions): void {
    this.#front.replaceTls(name, tls)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#front.close()
    await this.#bridges?.close()
    this.#schedule.close()
    this.traces.close()
    this.#memory.close()
    this.#parts?.alarms.close()
    this.#parts?.room.close()
    this.#parts?.gatekeeper.blacklist.close()
    await this.#parts?.gatekeeper.chain.close()
    await this.#spool?.close()
    await this.#storage?.close()
  }

  async #openStorage(): Promise<Storage | undefined> {
    const { storage } = this.#options
    if (!storage) return undefined
    const failed = (error: Error) => this.#storageFailed(error)
    const host = { clock: this.#clock, logger: this.#logger, failed }
    return (this.#storage = await openPlugin(storage.plugin, host, storage.options))
  }

  #storageFailed(error: unknown): void {
    this.#failure ??= error
    this.#logger.error({ error: String(error) }, 'the storage failed')
    this.events.emit('storage.failed', { error: String(error) })
  }

  async #assemble(storage: Storage | undefined, bridges: Bridges): Promise<Parts> {
    const memory = this.#memory
    const common = {
      clock: this.#clock,
      logger: this.#logger,
      events: this.events,
      counters: this.counters,
      limits: this.limits,
      traces: this.traces,
      memory,
    }
    const kept = storage?.durable ? storage : undefined
    const log = await kept?.log('spool')
    const ledger = new Ledger(this.#options.spoolBlock)
    const spool = log
      ? new Spool(log, ledger, {
          ...common,
          cacheBytes: Math.min(this.limits.spoolCacheBytes, memory.budgetBytes / 8),
        })
      : undefined
    this.#spool = spool
    memory.also(() => this.traces.bytes)
    const alarms = new Alarms({
      ...common,
      limits: { ...defaultAlarmLimits, ...this.#options.alarms },
      probes: {
        ...systemProbes(this.#clock, memory.limitBytes, async () => (await storage?.usage()) ?? { usedBytes: 0 }),
        ...this.#options.alarms?.probes,
      },
    })
    memory.alarms = alarms
    const room = new StorageRoom(alarms, this.#clock, this.events)
    const table = async (name: string) => (kept ? room.table(await kept.table(name)) : undefined)
    const gatekeeper = await this.#openAccess(storage)
    const overflow = this.#options.overflow ?? 'drop-oldest'
    const queues = new QueueHost({
      ...common,
      spool,
      overflow,
      slow: this.slowConsumers,
      failed: error => this.#storageFailed(error),
    })
    const retained = new Retained(await table('retained'), { ...common, schedule: this.#schedule })
    const exchange = new Exchange({ ...common, spool, retained, room, front: this.#front })
    const host = {
      ...common,
      schedule: this.#schedule,
      queues,
      queuesOf: (name: string) => bridges.queuesOf(name, queues),
      retained,
      tenant: (name: string) => this.#tenant(name),
      principal: (identity: Identity, clientId: string, address: string, tenant: string) =>
        gatekeeper.permissions.principal(identity, { clientId, address, tenant }),
      publish: (...args: Parameters<Exchange['publishFor']>) => exchange.publishFor(...args),
      publishDue: (...args: Parameters<Exchange['publishDue']>) => exchange.publishDue(...args),
      dueDone: (dueId: number) => exchange.dueDone(dueId),
    }
    const sessions = new Sessions({ ...host, table: await table('sessions') })
    room.attempt = () => sessions.write([sessions.nextNumber])
    this.slowConsumers.watch(() => oldestUnsettled(sessions.all()))
    const delayed = new Delayed({ ...host, spool })
    exchange.later = delayed
    if (spool) spool.holdings = new KernelHoldings({ sessions, exchange, delayed, tenants: this.#tenants })
    await retained.recover()
    const due = new ReturningDue()
    if (log) await recoverSessions(sessions, due, log, ledger)
    exchange.restoreDue(due.published)
    if (spool) memory.also(() => spool.memoryBytes)
    const { permissions, flapping } = gatekeeper
    const operations = new Operations({ sessions, retained, delayed, permissions, flapping, tenants: this.#tenants })
    const marks = await Marks.open((await table('bridges')) ?? noTable)
    const held = {
      spool,
      queues,
      bridges,
      marks,
      exchange,
      sessions,
      delayed,
      gatekeeper,
      alarms,
      room,
      due,
      operations,
    }
    return { clock: this.#clock, memory, ...held, ...publishRates(this.#clock, this.limits) }
  }

  async #openAccess(storage: Storage | undefined): Promise<Gatekeeper> {
    const { authenticators = [], ...access } = this.#options.access ?? {}
    const host = { clock: this.#clock, logger: this.#logger }
    const members: NamedAuthenticator[] = []
    for (const { plugin, options } of authenticators) {
      members.push({ name: plugin.name, authenticator: await openPlugin(plugin, host, options) })
    }
    const table = (await storage?.table('bans')) ?? noTable
    return new Gatekeeper({
      chain: new AuthenticationChain(members, host, access),
      permissions: new Permissions(access),
      blacklist: await Blacklist.open(table, this.#clock, { limit: this.limits.bans, configured: access.bans }),
      clock: this.#clock,
      limits: this.limits,
      counters: this.counters,
      events: this.events,
      flapping: access.flapping,
    })
  }

  /** How clients of a protocol come in. `rated` false: what one connection may publish is counted where it is. */
  hostOf(protocol: string, { rated }: { rated: boolean }): ClientHost {
    const parts = rated ? this.#running : { ...this.#running, connectionRate: () => undefined }
    return clientHost({
      gatekeeper: parts.gatekeeper,
      traces: this.traces,
      spaceOf: principal => new TenantSpace(parts, this.#tenant(principal.tenant), principal, protocol),
      system: tenant => this.space(tenant),
    })
  }

  async #openProtocol(chosen: KernelOptions['protocols'][number]): Promise<void> {
    const protocol = await this.#front.openProtocol(chosen, {
      node: this.node,
      version,
      clock: this.#clock,
      logger: this.#logger,
      counters: this.counters,
      events: this.events,
      limits: this.limits,
      ...this.hostOf(chosen.plugin.name, { rated: true }),
    })
    protocol.lead?.()
  }

  #tenant(name: string): Tenant {
    let tenant = this.#tenants.get(name)
    if (!tenant) this.#tenants.set(name, (tenant = new Tenant(name)))
    return tenant
  }
}

/** What a started kernel is made of. */
interface Parts extends SpaceHost {
  readonly delayed: Delayed
  readonly spool: Spool | undefined
  readonly queues: QueueHost
  readonly bridges: Bridges
  readonly marks: Marks
  readonly gatekeeper: Gatekeeper
  readonly alarms: Alarms
  readonly room: StorageRoom
  readonly operations: Operations
  /** What the last stop left of it. */
  readonly due: ReturningDue
}
