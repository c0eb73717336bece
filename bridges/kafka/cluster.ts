import type { Clock } from '../../kernel/plugin.ts'
import { KafkaError, LinkError } from './wire/failure.ts'
import type { Address, Link } from './wire/link.ts'

/** Topics that one bridge remembers; after more, all are asked for again. */
export const maxTopics = 10_000
/** New partitions and moved leaders are noticed at the latest by then. */
const maxAgeMs = 60_000
/** A topic that does not exist may be made at any time. */
const maxUnknownAgeMs = 3_000

const unknownTopic = 3

/** A topic, or why there is none. */
export interface TopicView {
  readonly errorCode: number
  /** The node that leads each partition; -1 where nobody does. */
  readonly leaders: readonly number[]
  readonly learntAt: number
}

export interface ClusterOptions {
  readonly bootstrap: readonly Address[]
  readonly clock: Clock
  connect(address: Address): Promise<Link>
}

/**
 * The brokers of one cluster as one bridge knows them: who leads what, and connections to them. Whoever fails with it says
 * `distrust`, and the next question goes to a broker that answers.
 */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #brokers = new Map<number, Address>()
  readonly #topics = new Map<string, TopicView>()
  readonly #links = new Map<string, Promise<Link>>()
  /** Where the last question was answered. */
  #preferred: Address | undefined
  #closed = false

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  topic(name: string): TopicView | undefined {
    return this.#topics.get(name)
  }

  /** What was learnt may be wrong: it is asked for again before it is used. */
  distrust(): void {
    this.#topics.clear()
  }

  /** Afterwards `topic` knows these. @throws LinkError, KafkaError */
  async learn(names: Iterable<string>, create = false): Promise<void> {
    const now = this.#options.clock.now()
    const wanted = [...names].filter(name => {
      const known = this.#topics.get(name)
      if (known === undefined) return true
      return now - known.learntAt > (known.errorCode === unknownTopic ? maxUnknownAgeMs : maxAgeMs)
    })
    if (wanted.length === 0) return
    if (this.#topics.size + wanted.length > maxTopics) this.#topics.clear()
    const { brokers, topics } = await this.ask(link => link.metadata(wanted, create))
    for (const { nodeId, host, port } of brokers) this.#brokers.set(nodeId, { host, port })
    for (const { name, errorCode, partitions } of topics) {
      const leaders = Array.from(partitions, () => -1)
      for (const one of partitions) if (one.partitionIndex < leaders.length) leaders[one.partitionIndex] = one.leaderId
      this.#topics.set(name, { errorCode, leaders, learntAt: now })
    }
  }

  /** Asks the first broker that answers. @throws LinkError, KafkaError */
  async ask<Answer>(question: (link: Link) => Promise<Answer>): Promise<Answer> {
    const failures: unknown[] = []
    for (const address of this.#candidates()) {
      try {
        const answer = await question(await this.linkTo(address))
        this.#preferred = address
        return answer
      } catch (error) {
        failures.push(error)
        if (address === this.#preferred) this.#preferred = undefined
        if (error instanceof KafkaError) break
      }
    }
    throw mostTelling(failures)
  }

  /** A connection to a node; those of one lane are not held up by what waits in another. @throws LinkError */
  link(node: number, lane = ''): Promise<Link> {
    const address = this.#brokers.get(node)
    if (address === undefined) throw new LinkError('network', `broker ${node} is not in the cluster now`)
    return this.linkTo(address, lane)
  }

  async linkTo(address: Address, lane = ''): Promise<Link> {
    const key = `${address.host}:${address.port} ${lane}`
    for (let open = this.#links.get(key); open !== undefined; open = this.#links.get(key)) {
      const link = await open
      if (link.usable) return link
      link.close()
      if (this.#links.get(key) === open) this.#links.delete(key)
    }
    if (this.#closed) throw new LinkError('network', 'the bridge is closed')
    const made = this.#options.connect(address)
    this.#links.set(key, made)
    try {
      const link = await made
      if (this.#closed) link.close()
      return link
    } catch (error) {
      if (this.#links.get(key) === made) this.#links.delete(key)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const links = [...this.#links.values()]
    this.#links.clear()
    for (const one of await Promise.allSettled(links)) if (one.status === 'fulfilled') one.value.close()
  }

  /** The one that answered last, then other brokers, then the ones of the configuration: each once. */
  #candidates(): Address[] {
    const all = [...(this.#preferred ? [this.#preferred] : []), ...this.#brokers.values(), ...this.#options.bootstrap]
    return [...new Map(all.map(one => [`${one.host}:${one.port}`, one])).values()]
  }
}

/** A refused login says more than a dead neighbour, and a name that is unknown only matters when all are. */
function mostTelling(failures: readonly unknown[]): unknown {
  const said = failures.find(one => one instanceof KafkaError)
  if (said !== undefined) return said
  for (const trouble of ['login', 'tls', 'version', 'timeout', 'network', 'name']) {
    const found = failures.find(one => one instanceof LinkError && one.trouble === trouble)
    if (found !== undefined) return found
  }
  return failures[0] ?? new LinkError('network', 'there is no broker to ask')
}
