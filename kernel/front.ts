import type { Clock } from './contract/clock.ts'
import type { Connection, ListenerOptions, TlsOptions } from './contract/connection.ts'
import { BrokerError } from './contract/errors.ts'
import type { Counters, Logger } from './contract/observe.ts'
import type { Protocol, ProtocolHost, ProtocolPlugin } from './contract/protocol.ts'
import type { Memory } from './memory/memory.ts'
import { type Elsewhere, type Listener, Network, openListener } from './net/index.ts'
import type { Chosen } from './options.ts'
import { openPlugin } from './plugins/open-plugin.ts'
import { resolveOptions } from './plugins/plugin-options.ts'
import { systemClock } from './system-clock.ts'

/** How long clients get to take in the protocol's good-bye. */
const goodbyeMs = 1_000

/** What an open connection takes, by rule of thumb. */
const connectionBytes = 8 * 1024

/** A plugin in use, and what it says of itself. */
export interface PluginView {
  readonly kind: string
  readonly name: string
  readonly state: Readonly<Record<string, unknown>>
}

/** Where a listener is bound. */
export interface Bound {
  readonly name: string
  readonly protocol: string
  readonly transport: string
  readonly host: string
  readonly port: number
}

/** The side of a process towards clients: its protocols, its listeners, and the connections they serve. */
export class Front {
  readonly #network: Network
  readonly #closing = new AbortController()
  readonly #protocols = new Map<string, { plugin: ProtocolPlugin<never>; protocol: Protocol }>()
  readonly #listeners: { listener: Listener; protocol: string; transport: string }[] = []

  /** `left`: called when a connection that was served is gone. */
  constructor(options: {
    clock: Clock
    logger: Logger
    counters: Counters
    memory: Memory
    maxConnections: number
    left?: (connection: Connection) => void
    elsewhere?: Elsewhere
    reusePort?: boolean
  }) {
    const { maxConnections, ...network } = options
    this.#network = new Network({ ...network, limits: { maxConnections } })
    options.memory.also(() => this.#network.connections * connectionBytes + this.#network.pool.freeBytes)
  }

  get listeners(): readonly Bound[] {
    return this.#listeners.map(({ listener, protocol, transport }) => {
      return { name: listener.name, protocol, transport, ...listener.address() }
    })
  }

  /** What earlier turns of the event loop handed to clients is not yet written. */
  get behind(): boolean {
    return this.#network.flusher.behind
  }

  /** Aborted when it is closing. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  async openProtocol(
    { plugin, options }: Chosen<ProtocolPlugin<never>>,
    host: Omit<ProtocolHost, 'closing'>,
  ): Promise<Protocol> {
    const protocol = await openPlugin(plugin, { ...host, closing: this.closing }, options)
    this.#protocols.set(plugin.name, { plugin, protocol })
    return protocol
  }

  /** @throws BrokerError CONFIG_INVALID, LISTEN_FAILED */
  async listen(options: ListenerOptions): Promise<void> {
    const protocol = this.#protocols.get(options.protocol)?.protocol
    if (!protocol) {
      const named = `listener "${options.name}" names protocol "${options.protocol}"`
      throw new BrokerError('CONFIG_INVALID', `${named}, which is not loaded`)
    }
    const listener = await openListener(options, {
      network: this.#network,
      ...(protocol.websocket && { websocket: protocol.websocket }),
      serve: connection => protocol.serve(connection),
    })
    this.#listeners.push({ listener, protocol: options.protocol, transport: options.transport })
  }

  /** Protocols and what they say of themselves. */
  get protocols(): readonly PluginView[] {
    return [...this.#protocols].map(([name, { protocol }]) => {
      return { kind: 'protocol', name, state: protocol.inspect?.() ?? {} }
    })
  }

  /** New options for a protocol. False: it cannot take them while it runs. On an error the old ones stay. */
  async reloadProtocol(name: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
    const found = this.#protocols.get(name)
    if (!found?.protocol.reload) return false
    await found.protocol.reload(resolveOptions(name, found.plugin.options, options))
    return true
  }

  replaceTls(name: string, tls: TlsOptions): void {
    const found = this.#listeners.find(({ listener }) => listener.name === name)
    if (!found) throw new BrokerError('CONFIG_INVALID', `there is no listener "${name}"`)
    found.listener.replaceTls(tls)
  }

  /** Stops accepting, says good-bye to clients, and cuts off those that do not close their side in time. */
  async close(): Promise<void> {
    for (const { listener } of this.#listeners) await listener.close()
    this.#closing.abort(new BrokerError('CLOSED', 'the broker is closing'))
    await Promise.all([...this.#protocols.values()].map(({ protocol }) => protocol.close()))
    await this.#goodbye()
  }

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
}
