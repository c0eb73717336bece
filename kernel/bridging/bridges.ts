import type { BridgeHost, Rung, TestTarget } from '../contract/bridge.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Chosen } from '../plugins/chosen.ts'
import { openPlugin } from '../plugins/open-plugin.ts'
import type { QueueHost } from '../queues/queue-host.ts'
import { isInternal } from '../sessions/client-session.ts'
import { Bridge, type BridgeEnds, type BridgeParts, type BridgeView, deadName, queueName, queuesOf } from './bridge.ts'
import { BridgeCounts } from './bridge-counts.ts'
import { type AnyBridgePlugin, type BridgeOptions, type BridgingOptions, resolveBridge } from './bridge-options.ts'
import type { DeadLetters } from './dead-letters.ts'
import { climbLadder, targetOf } from './ladder.ts'

/** What an operator sees and does of bridges; undefined or false: there is none of that name. */
export interface BridgesApi {
  list(): readonly BridgeView[]
  get(name: string): BridgeView | undefined
  /** Stays so through a restart. */
  pause(name: string): Promise<boolean>
  resume(name: string): Promise<boolean>
  /** The ladder of a bridge; ends after the first rung that fails. */
  test(name: string, signal?: AbortSignal): AsyncIterable<Rung> | undefined
  /** The ladder of a connection by itself, without any bridge. @throws BrokerError CONFIG_INVALID, PLUGIN_INVALID */
  testConnection(chosen: Chosen<AnyBridgePlugin>, signal?: AbortSignal): AsyncIterable<Rung>
  /** The ladder of a bridge as it would be with these options. @throws BrokerError CONFIG_INVALID, PLUGIN_INVALID */
  try(name: string, given: BridgingOptions, signal?: AbortSignal): AsyncIterable<Rung>
  deadLetters(name: string): Pick<DeadLetters, 'list' | 'retry' | 'purge' | 'length'> | undefined
}

/** A configuration of bridges, checked, with its plugins opened; nobody was contacted. */
export type PreparedBridges = ReadonlyMap<string, PreparedBridge>

interface PreparedBridge {
  readonly options: BridgeOptions
  /** Each bridge has a connection of its own, so that a reload touches none but those that changed. */
  readonly ends: BridgeEnds
}

const nothing: BridgingOptions = { connections: {}, bridges: {} }

/**
 * Checks a configuration as far as it can be without contacting anybody, and opens what it needs. Bridges that are not
 * enabled are checked and left out, as are connections that no bridge uses.
 * @throws BrokerError CONFIG_INVALID, PLUGIN_INVALID; nothing is left open.
 */
export async function prepareBridges(
  { connections, bridges }: BridgingOptions = nothing,
  host: BridgeHost,
): Promise<PreparedBridges> {
  const prepared = new Map<string, PreparedBridge>()
  try {
    const all = Object.entries(bridges).map(([name, given]) => resolveBridge(name, given, connections))
    for (const options of all) {
      const chosen = connections[options.connection]
      if (chosen) prepared.set(options.name, { options, ends: await endsOf(options, chosen, host) })
    }
    const used = new Set(all.map(({ connection }) => connection))
    for (const [name, { plugin, options }] of Object.entries(connections)) {
      if (!used.has(name)) await (await openPlugin(plugin, host, options)).close()
    }
  } catch (error) {
    await closeAll(prepared)
    throw error
  }
  for (const [name, { options, ends }] of prepared) {
    if (options.enabled) continue
    prepared.delete(name)
    await ends.connection.close()
  }
  return prepared
}

async function endsOf(
  options: BridgeOptions,
  { plugin, options: given }: Chosen<AnyBridgePlugin>,
  host: BridgeHost,
): Promise<BridgeEnds> {
  const connection = await openPlugin(plugin, host, given)
  const use = { bridge: options.name }
  const type = plugin.name
  const ends: BridgeEnds = {
    type,
    connection,
    ...(options.direction === 'egress'
      ? { sink: () => made(connection.egress?.(options.to as never, options.delivery as never, use), type, 'egress') }
      : { source: () => made(connection.ingress?.(options.from as never, use), type, 'ingress') }),
  }
  try {
    // Options that do not go together are refused now, not when the first message comes.
    await (ends.sink?.() ?? ends.source?.())?.close()
  } catch (error) {
    await connection.close()
    throw error
  }
  return ends
}

function made<End>(end: End | undefined, type: string, direction: string): End {
  if (end) return end
  throw new BrokerError('PLUGIN_INVALID', `bridge plugin "${type}" describes an ${direction} and opens none`)
}

/** What was prepared only to be checked is closed again. */
export async function closeAll(prepared: PreparedBridges): Promise<void> {
  await Promise.allSettled([...prepared.values()].map(({ ends }) => ends.connection.close()))
}

/** All bridges of a kernel. */
export class Bridges implements BridgesApi {
  #prepared: PreparedBridges
  readonly #host: BridgeHost
  readonly #bridges = new Map<string, Bridge>()
  readonly #queues = new Map<string, QueueHost>()
  #parts: BridgeParts | undefined
  #changing: Promise<void> = Promise.resolve()

  constructor(prepared: PreparedBridges, host: BridgeHost) {
    this.#prepared = prepared
    this.#host = host
  }

  /** The queues of a bridge's sessions, by their names; the plain ones for all others. */
  queuesOf(name: string, plain: QueueHost): QueueHost {
    if (!isInternal(name)) return plain
    if (this.#queues.size === 0) for (const { options } of this.#prepared.values()) this.#limit(options, plain)
    return this.#queues.get(name) ?? plain
  }

  #limit(options: BridgeOptions, plain: QueueHost): void {
    const counts = new BridgeCounts(this.#host.counters, options.name)
    const queues = queuesOf(options, plain, (reason, messages) => counts.drop(reason, messages))
    for (const [name, host] of queues) {
      // A queue keeps its host for ever.
      const before = this.#queues.get(name)
      if (before) Object.assign(before, { limits: host.limits, overflow: host.overflow })
      else this.#queues.set(name, host)
    }
  }

  /** Opens all of them; one that fails is `failed`, and keeps no other from running. */
  async start(parts: BridgeParts): Promise<void> {
    this.#parts = parts
    await this.#endRemoved(parts)
    for (const prepared of this.#prepared.values()) await this.#open(prepared, parts)
  }

  async #open({ options, ends }: PreparedBridge, parts: BridgeParts): Promise<void> {
    const bridge = new Bridge(options, ends, parts)
    this.#bridges.set(options.name, bridge)
    try {
      await bridge.open()
    } catch (error) {
      bridge.standing.failed(error instanceof Error ? error.message : String(error))
    }
  }

  /** Takes changed, new and removed bridges. On an error the old ones go on. @throws BrokerError CONFIG_INVALID */
  reload(given: BridgingOptions, plain: QueueHost): Promise<void> {
    const changed = this.#changing.then(() => this.#reload(given, plain))
    this.#changing = changed.catch(() => {})
    return changed
  }

  async #reload(given: BridgingOptions, plain: QueueHost): Promise<void> {
    const parts = this.#parts
    if (!parts) return
    const next = new Map(await prepareBridges(given, this.#host))
    const before = this.#prepared
    for (const [name, old] of before) {
      const fresh = next.get(name)
      if (fresh && fresh.options.fingerprint === old.options.fingerprint) {
        next.set(name, old)
        await fresh.ends.connection.close()
        continue
      }
      await this.#bridges.get(name)?.close()
      this.#bridges.delete(name)
      await old.ends.connection.close()
    }
    this.#prepared = next
    for (const [name, fresh] of next) {
      if (this.#bridges.has(name)) continue
      this.#limit(fresh.options, plain)
      await this.#open(fresh, parts)
    }
    await this.#endRemoved(parts)
  }

  async close(): Promise<void> {
    await this.#changing
    await Promise.all([...this.#bridges.values()].map(bridge => bridge.close()))
    await closeAll(this.#prepared)
  }

  list(): readonly BridgeView[] {
    return [...this.#bridges.values()].map(bridge => bridge.view())
  }

  get(name: string): BridgeView | undefined {
    return this.#bridges.get(name)?.view()
  }

  async pause(name: string): Promise<boolean> {
    return this.#change(name, bridge => bridge.pause())
  }

  async resume(name: string): Promise<boolean> {
    return this.#change(name, bridge => bridge.resume())
  }

  test(name: string, signal?: AbortSignal): AsyncIterable<Rung> | undefined {
    return this.#bridges.get(name)?.test(signal)
  }

  testConnection(chosen: Chosen<AnyBridgePlugin>, signal?: AbortSignal): AsyncIterable<Rung> {
    return this.#climb(chosen, {}, signal)
  }

  async *try(name: string, { connections, bridges }: BridgingOptions, signal?: AbortSignal): AsyncGenerator<Rung> {
    const options = resolveBridge(name, bridges[name] ?? {}, connections)
    const chosen = connections[options.connection]
    if (chosen) yield* this.#climb(chosen, targetOf(options), signal)
  }

  async *#climb(
    { plugin, options }: Chosen<AnyBridgePlugin>,
    target: TestTarget<never, never>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Rung> {
    const connection = await openPlugin(plugin, this.#host, options)
    try {
      yield* climbLadder(connection, target, this.#host.clock, signal)
    } finally {
      await connection.close()
    }
  }

  deadLetters(name: string): DeadLetters | undefined {
    return this.#bridges.get(name)?.deadLetters
  }

  /** One change after the other. */
  async #change(name: string, act: (bridge: Bridge) => Promise<void>): Promise<boolean> {
    const changed = this.#changing.then(async () => {
      const bridge = this.#bridges.get(name)
      if (bridge) await act(bridge)
      return bridge !== undefined
    })
    this.#changing = changed.then(
      () => {},
      () => {},
    )
    return changed
  }

  /** What a bridge that is not configured any more left behind is given up, and told. */
  async #endRemoved({ sessions, logger }: BridgeParts): Promise<void> {
    const known = new Set([...this.#prepared.keys()].flatMap(name => [queueName(name), deadName(name)]))
    for (const session of [...sessions.all()]) {
      if (!isInternal(session.name) || known.has(session.name)) continue
      const fields = { bridge: session.id, messages: session.queue.depth }
      logger.warn(fields, 'a bridge is not configured any more: what waited for it is given up')
      await sessions.kick(session.tenant.name, session.name, { end: true })
    }
  }
}
