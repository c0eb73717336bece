import {
  AuthenticationChain,
  BanSet,
  Blacklist,
  KeyedRates,
  type NamedAuthenticator,
  Permissions,
  PublishRate,
  Rate,
} from './access/index.ts'
import type { Identity } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import type { TlsOptions } from './contract/connection.ts'
import { BrokerError } from './contract/errors.ts'
import type { Logger } from './contract/observe.ts'
import type { Protocol, ProtocolHost } from './contract/protocol.ts'
import type { Space } from './contract/space.ts'
import type { Storage } from './contract/storage.ts'
import { Exchange } from './exchange.ts'
import { Gatekeeper } from './gatekeeper.ts'
import type { Kernel } from './kernel.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { type Listener, Network, openListener } from './net/index.ts'
import { systemProbes } from './observe/alarm-probes.ts'
import { Alarms, defaultAlarmLimits } from './observe/alarms.ts'
import { CounterSet } from './observe/counters.ts'
import { EventHub } from './observe/events.ts'
import { silentLogger } from './observe/silent-logger.ts'
import { SlowConsumers } from './observe/slow-consumers.ts'
import { StorageRoom } from './observe/storage-room.ts'
import type { AccessOptions, KernelOptions } from './options.ts'
import { noTable } from './plugins/no-storage.ts'
import { openPlugin } from './plugins/open-plugin.ts'
import { resolveOptions } from './plugins/plugin-options.ts'
import { QueueHost } from './queues/queue-host.ts'
import { Retained } from './retained/retained.ts'
import { Delayed } from './schedule/delayed.ts'
import { Schedule } from './schedule/schedule.ts'
import { KernelHoldings } from './sessions/holdings.ts'
import { recoverSessions, resumeDeadlines } from './sessions/recover.ts'
import { Sessions } from './sessions/sessions.ts'
import { type SpaceHost, systemPrincipal, TenantSpace } from './space.ts'
import { Ledger } from './spool/ledger.ts'
import { Spool } from './spool/spool.ts'
import { systemClock } from './system-clock.ts'
import { defaultTenant, Tenant } from './tenant.ts'
import { version } from './version.ts'

/** A message is slow when its consumer settles it later than this after it was published. */
const slowAfterMs = 500
/** How long clients get to take in the protocol's good-bye. */
const goodbyeMs = 1_000

/**
 * Starts a broker in this process: storage first, then what it kept, then access, protocols, and listeners last, so
 * that no client meets a half-started broker.
 * @throws BrokerError CONFIG_INVALID, LISTEN_FAILED, STORAGE_CORRUPT, STORAGE_FORMAT, STORAGE_LOCKED; nothing is left open.
 */
export async function createKernel(options: KernelOptions): Promise<Kernel> {
  const starting = new RunningKernel(options)
  try {
    await starting.start()
  } catch (error) {
    await starting.close().catch(() => {})
    throw error
  }
  return starting
}

class RunningKernel implements Kernel {
  readonly node: string
  readonly counters = new CounterSet()
  readonly events: EventHub
  readonly slowConsumers: SlowConsumers
  readonly #options: KernelOptions
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #schedule: Schedule
  readonly #network: Network
  readonly #closing = new AbortController()
  readonly #tenants = new Map<string, Tenant>()
  readonly #protocols = new Map<string, Protocol>()
  readonly #listeners: { listener: Listener; protocol: string; transport: string }[] = []
  #storage: Storage | undefined
  #spool: Spool | undefined
  #parts: Parts | undefined
  #closed: Promise<void> | undefined

  constructor(options: KernelOptions) {
    this.#options = options
    this.node = options.node ?? 'robustmq'
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.events = new EventHub(this.#logger)
    this.slowConsumers = new SlowConsumers(this.#clock, slowAfterMs)
    this.#schedule = new Schedule(this.#clock)
    this.#network = new Network({
      clock: this.#clock,
      logger: this.#logger,
      counters: this.counters,
      limits: () => ({ maxConnections: this.#limits.connections }),
    })
  }

  get listeners(): Kernel['listeners'] {
    return this.#listeners.map(({ listener, protocol, transport }) => {
      return { name: listener.name, protocol, transport, ...listener.address() }
    })
  }

  get alarms(): Alarms {
    return this.#running.alarms
  }

  get blacklist(): Blacklist {
    return this.#running.gatekeeper.blacklist
  }

  get sessions(): Sessions {
    return this.#running.sessions
  }

  get #running(): Parts {
    if (!this.#parts) throw new BrokerError('CLOSED', 'the broker is not running')
    return this.#parts
  }

  async start(): Promise<void> {
    const storage = await this.#openStorage()
    const parts = await this.#assemble(storage)
    this.#parts = parts
    for (const chosen of this.#options.protocols) await this.#openProtocol(parts, chosen)
    resumeDeadlines(parts.sessions, parts.publishedDue, this.#clock)
    await parts.delayed.recover(parts.publishedDue)
    for (const listener of this.#options.listeners ?? []) {
      const protocol = this.#protocols.get(listener.protocol)
      if (!protocol) {
        throw new BrokerError(
          'CONFIG_INVALID',
          `listener "${listener.name}" names protocol "${listener.protocol}", which is not loaded`,
        )
      }
      const opened = await openListener(listener, {
        network: this.#network,
        ...(protocol.websocket && { websocket: protocol.websocket }),
        serve: connection => protocol.serve(connection),
      })
      this.#listeners.push({ listener: opened, protocol: listener.protocol, transport: listener.transport })
    }
  }

  space(tenant = defaultTenant): Space {
    return new TenantSpace(this.#running, this.#tenant(tenant), systemPrincipal(tenant), 'kernel')
  }

  async reloadAccess(access: AccessOptions): Promise<void> {
    const { gatekeeper } = this.#running
    const bans = new BanSet(this.#clock, access.bans)
    await gatekeeper.chain.reload()
    gatekeeper.permissions.replace({ rules: access.rules, noMatch: access.noMatch })
    gatekeeper.blacklist.configured = bans
    gatekeeper.chain.configure(access)
  }

  async reloadProtocol(name: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
    const chosen = this.#options.protocols.find(({ plugin }) => plugin.name === name)
    const protocol = this.#protocols.get(name)
    if (!chosen || !protocol?.reload) return false
    await protocol.reload(resolveOptions(name, chosen.plugin.options, options))
    return true
  }

  replaceTls(name: string, tls: TlsOptions): void {
    const found = this.#listeners.find(({ listener }) => listener.name === name)
    if (!found) throw new BrokerError('CONFIG_INVALID', `there is no listener "${name}"`)
    found.listener.replaceTls(tls)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const { listener } of this.#listeners) await listener.close()
    this.#closing.abort(new BrokerError('CLOSED', 'the broker is closing'))
    await Promise.all([...this.#protocols.values()].map(protocol => protocol.close()))
    await this.#goodbye()
    this.#schedule.close()
    this.#parts?.alarms.close()
    this.#parts?.room.close()
    this.#parts?.gatekeeper.blacklist.close()
    await this.#parts?.gatekeeper.chain.close()
    await this.#spool?.close()
    await this.#storage?.close()
  }

  /** Clients that do not close their side in time are cut off. */
  async #goodbye(): Promise<void> {
    const network = this.#network
    let cancel = (): void => {}
    const time = new Promise<void>(resolve => {
      cancel = systemClock.after(goodbyeMs, resolve)
    })
    await Promise.race([network.quiet(), time])
    cancel()
    for (const connection of network.served) connection.destroy('the broker is closing')
  }

  async #openStorage(): Promise<Storage | undefined> {
    const { storage } = this.#options
    if (!storage) return undefined
    const host = {
      clock: this.#clock,
      logger: this.#logger,
      failed: (error: Error) => this.#storageFailed(error),
    }
    this.#storage = await openPlugin(storage.plugin, host, storage.options)
    return this.#storage
  }

  #storageFailed(error: unknown): void {
    this.#logger.error({ error: String(error) }, 'the storage failed')
    this.events.emit('storage.failed', { error: String(error) })
  }

  async #assemble(storage: Storage | undefined): Promise<Parts> {
    const kept = storage?.durable ? storage : undefined
    const log = await kept?.log('spool')
    const ledger = new Ledger()
    const spool = log
      ? new Spool(log, ledger, {
          clock: this.#clock,
          cacheBytes: this.#limits.spoolCacheBytes,
          counters: this.counters,
        })
      : undefined
    this.#spool = spool
    const common = { clock: this.#clock, logger: this.#logger, events: this.events, counters: this.counters }
    const alarms = new Alarms({
      ...common,
      limits: { ...defaultAlarmLimits, ...this.#options.alarms },
      probes: {
        ...systemProbes(this.#clock, async () => (await storage?.usage()) ?? { usedBytes: 0 }),
        ...this.#options.alarms?.probes,
      },
    })
    const room = new StorageRoom(alarms, this.#clock, this.events)
    const table = async (name: string) => (kept ? room.table(await kept.table(name)) : undefined)
    const gatekeeper = await this.#openAccess(storage)
    const overflow = this.#options.overflow ?? 'drop-oldest'
    const queues = new QueueHost({
      ...common,
      spool,
      limits: this.#limits,
      overflow,
      slow: this.slowConsumers,
      failed: error => this.#storageFailed(error),
    })
    const retained = new Retained(await table('retained'), this.#schedule, this.#limits, this.counters)
    const exchange = new Exchange({ spool, retained, limits: this.#limits, counters: this.counters, room })
    const host = {
      ...common,
      limits: this.#limits,
      schedule: this.#schedule,
      queues,
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
    this.slowConsumers.watch(() => sessions.oldestUnsettled())
    const delayed = new Delayed({
      ...host,
      table: await table('delayed'),
      number: () => sessions.number(),
      restoreNumber: next => sessions.restoreNumber(next),
    })
    exchange.later = delayed
    if (spool) spool.holdings = new KernelHoldings(sessions, exchange, this.#tenants)
    await retained.recover()
    const publishedDue = log ? await recoverSessions(sessions, sessions.host, log, ledger) : new Map<number, number>()
    exchange.restoreDue(publishedDue)
    return { exchange, retained, sessions, delayed, gatekeeper, alarms, room, publishedDue, ...this.#rates() }
  }

  #rates(): Pick<Parts, 'nodeRate' | 'tenantRates' | 'connectionRate'> {
    const { publishesPerSecond, publishBytesPerSecond, tenantPublishesPerSecond, nodePublishesPerSecond } = this.#limits
    const limited = publishesPerSecond > 0 || publishBytesPerSecond > 0
    const rates = { messagesPerSecond: publishesPerSecond, bytesPerSecond: publishBytesPerSecond }
    return {
      nodeRate: nodePublishesPerSecond > 0 ? new Rate(this.#clock, nodePublishesPerSecond) : undefined,
      tenantRates: tenantPublishesPerSecond > 0 ? new KeyedRates(this.#clock, tenantPublishesPerSecond) : undefined,
      connectionRate: () => (limited ? new PublishRate(this.#clock, rates) : undefined),
    }
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
      blacklist: await Blacklist.open(table, this.#clock, { limit: this.#limits.bans, configured: access.bans }),
      clock: this.#clock,
      limits: this.#limits,
      counters: this.counters,
      events: this.events,
      flapping: access.flapping,
    })
  }

  async #openProtocol(parts: Parts, { plugin, options }: KernelOptions['protocols'][number]): Promise<void> {
    const { gatekeeper } = parts
    const host: ProtocolHost = {
      node: this.node,
      version,
      clock: this.#clock,
      logger: this.#logger,
      counters: this.counters,
      events: this.events,
      limits: this.#limits,
      closing: this.#closing.signal,
      login: async (credentials, connection) => {
        const principal = await gatekeeper.login(credentials, connection)
        return new TenantSpace(parts, this.#tenant(principal.tenant), principal, plugin.name)
      },
      exchange: (method, peer) => gatekeeper.exchange(method, peer),
      admit: async (identity, clientId, connection) => {
        const principal = gatekeeper.admit(identity, clientId, connection)
        return new TenantSpace(parts, this.#tenant(principal.tenant), principal, plugin.name)
      },
      system: tenant => this.space(tenant),
    }
    this.#protocols.set(plugin.name, await openPlugin(plugin, host, options))
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
  readonly gatekeeper: Gatekeeper
  readonly alarms: Alarms
  readonly room: StorageRoom
  /** Due work that was published before the last stop. */
  readonly publishedDue: ReadonlyMap<number, number>
}
