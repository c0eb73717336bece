import { Pace } from '../../../kernel/plugin.ts'
import { Connection } from './connection.ts'
import type { CommandOf } from './grammar.ts'
import { PulsarError, serverError } from './pulsar-error.ts'
import { type Address, type ClientHost, type ClientSettings, readServiceUrl } from './settings.ts'

/** More would be a circle, whatever the brokers say. */
const maxRedirects = 20
/** What a broker may say of a topic; more is no answer. */
const maxPartitions = 10_000

/** The brokers of one service URL: one connection each, and who serves which topic. */
export class Cluster {
  readonly settings: ClientSettings
  readonly host: ClientHost
  /** Of all that is written through it. */
  readonly pace: Pace
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #closing = new AbortController()
  #nextService = 0

  constructor(settings: ClientSettings, host: ClientHost) {
    this.settings = settings
    this.host = host
    this.pace = new Pace(host.clock)
  }

  /** How many partitions a topic has; 0 for one that is not partitioned. @throws PulsarError */
  async partitionsOf(topic: string, signal: AbortSignal): Promise<number> {
    const what = `partitions of ${topic}`
    const connection = await this.#service(signal)
    const answer = await connection.request('partitionedMetadata', { topic }, 'partitionedMetadataResponse', what)
    const { response = 0, error, message, partitions = 0 } = answer
    if (response !== 0 || error !== undefined) throw serverError(error, message, what)
    if (partitions > maxPartitions)
      throw new PulsarError('PROTOCOL', `${what}: ${partitions}, more than ${maxPartitions}`)
    return partitions
  }

  /** A connection to the broker that serves a topic, which the lookup makes it do. @throws PulsarError */
  async ownerOf(topic: string, signal: AbortSignal): Promise<Connection> {
    const what = `lookup of ${topic}`
    let connection = await this.#service(signal)
    let authoritative = false
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const answer: CommandOf<'lookupResponse'> = await connection.request(
        'lookup',
        { topic, authoritative },
        'lookupResponse',
        what,
      )
      const { response = 0, error, message, proxyThroughServiceUrl = false } = answer
      if (response !== lookupTypes.redirect && response !== lookupTypes.connect) throw serverError(error, message, what)
      const url = this.settings.tls === undefined ? answer.brokerServiceUrl : answer.brokerServiceUrlTls
      if (url === undefined || url === '') {
        const scheme = this.settings.tls === undefined ? 'pulsar://' : 'pulsar+ssl://'
        throw new PulsarError('UNSUPPORTED', `${what}: its broker has no ${scheme} address. Mend: use the other scheme`)
      }
      const broker = brokerAddress(url, what)
      connection = await (proxyThroughServiceUrl
        ? this.#through(broker, url, signal)
        : this.#connection(broker, signal))
      if (response === lookupTypes.connect) return connection
      authoritative = answer.authoritative ?? false
    }
    throw new PulsarError('REDIRECTS', `${what}: more than ${maxRedirects} redirects`)
  }

  close(): void {
    this.#closing.abort(new PulsarError('CLOSED', 'the connection was closed by us'))
    for (const opening of this.#connections.values()) opening.then(connection => connection.close()).catch(() => {})
    this.#connections.clear()
  }

  /** Any broker of the service URL: the one that answered last, or the next that does. */
  async #service(signal: AbortSignal): Promise<Connection> {
    const { service } = this.settings
    for (let tried = 0; ; tried++) {
      const address = service[this.#nextService % service.length]
      if (address === undefined) throw new PulsarError('UNSUPPORTED', 'a service URL without a host')
      try {
        return await this.#connection(address, signal)
      } catch (error) {
        this.#nextService++
        if (tried + 1 >= service.length || signal.aborted) throw error
      }
    }
  }

  /** A proxy passes us on to the broker; a broker that is named by its own address needs no such word. */
  #through(broker: Address, url: string, signal: AbortSignal): Promise<Connection> {
    const { service } = this.settings
    const address = service[this.#nextService % service.length] ?? broker
    const itself = service.some(one => one.host === broker.host && one.port === broker.port)
    return this.#connection(itself ? broker : address, signal, itself ? undefined : url)
  }

  async #connection(address: Address, signal: AbortSignal, proxyTo?: string): Promise<Connection> {
    const name = `${address.host} ${address.port} ${proxyTo ?? ''}`
    let opening = this.#connections.get(name)
    if (opening === undefined) {
      // Shared by all who ask, so none of their signals may end it; its own limit of time does.
      opening = Connection.open(address, this.settings, this.host, this.#closing.signal, proxyTo)
      this.#connections.set(name, opening)
      const forget = () => {
        if (this.#connections.get(name) === opening) this.#connections.delete(name)
      }
      opening.then(connection => connection.onEnd(forget), forget)
    }
    return raced(opening, signal)
  }
}

const lookupTypes = { redirect: 0, connect: 1 } as const

function brokerAddress(url: string, what: string): Address {
  const [address] = readServiceUrl(url).service
  if (address === undefined) throw new PulsarError('PROTOCOL', `${what}: a broker at "${url}"`)
  return address
}

/** The promise, or the signal's reason if that comes first. */
export async function raced<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
