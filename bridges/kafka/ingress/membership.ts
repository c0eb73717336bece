import type { Clock } from '../../../kernel/plugin.ts'
import type { Cluster } from '../cluster.ts'
import { KafkaError, LinkError } from '../wire/failure.ts'
import type { Link, Membership, Offsets } from '../wire/link.ts'
import { divideByRange, readAssignment, readSubscription, writeAssignment, writeSubscription } from './assignment.ts'

export interface GroupOptions {
  readonly group: string
  readonly topic: string
  readonly sessionMs: number
  readonly rebalanceMs: number
  readonly clock: Clock
}

/** What this member has to read until the group is divided anew. */
export interface Share {
  readonly partitions: readonly number[]
  /** Resolves when the group is divided anew, rejects when this member has lost its place. */
  readonly over: Promise<void>
}

const memberIdRequired = 79
export const rebalanceInProgress = 27
const illegalGeneration = 22
/** UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, FENCED_INSTANCE_ID: others may have read what was ours. */
const outsider = new Set([illegalGeneration, 25, 82])
const maxJoins = 10
const heartbeatsPerSession = 3
const maxHeartbeatMs = 3_000

/**
 * The place of one bridge in a consumer group. It outlives lost connections: the member comes back under its own id, so
 * that the group need not wait until the old one has expired.
 */
export class GroupMember {
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  #memberId = ''
  #generation = -1
  #coordinator: number | undefined
  #stopHeartbeat = () => {}

  constructor(cluster: Cluster, options: GroupOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** True when nobody else can have read our partitions since the last share. */
  get kept(): boolean {
    return this.#generation >= 0
  }

  /** Joins, or joins again. @throws KafkaError, LinkError */
  async join(): Promise<Share> {
    this.#stopHeartbeat()
    for (let attempt = 0; attempt < maxJoins; attempt++) {
      try {
        return await this.#joinOnce()
      } catch (error) {
        if (!(error instanceof KafkaError)) throw this.#lostCoordinator(error)
        if (error.code === memberIdRequired) {
          const { memberId } = error.response as { memberId?: string }
          this.#memberId = memberId ?? ''
        } else if (outsider.has(error.code)) this.#forget(error.code)
        else if (error.code !== rebalanceInProgress) throw this.#lostCoordinator(error)
      }
    }
    throw new LinkError('timeout', `the group ${this.#options.group} does not come to rest`)
  }

  /** @throws KafkaError, LinkError */
  async commit(offsets: Offsets): Promise<void> {
    try {
      await (await this.#link()).commit(this.#membership, this.#options.topic, offsets)
    } catch (error) {
      throw this.#lostCoordinator(error)
    }
  }

  /** @throws KafkaError, LinkError */
  async committed(partitions: readonly number[]): Promise<Offsets> {
    const { group, topic } = this.#options
    return (await this.#link()).committed(group, topic, partitions)
  }

  /** Its partitions go to others at once. */
  async leave(): Promise<void> {
    this.#stopHeartbeat()
    if (this.#memberId === '' || this.#coordinator === undefined) return
    const membership = this.#membership
    this.#forget()
    await (await this.#link()).leave(membership).catch(() => {})
  }

  /** Stops its signs of life. */
  rest(): void {
    this.#stopHeartbeat()
  }

  get #membership(): Membership {
    return { group: this.#options.group, memberId: this.#memberId, generation: this.#generation }
  }

  async #link(): Promise<Link> {
    this.#coordinator ??= await this.#cluster.ask(link => link.coordinator(this.#options.group))
    // The topic's metadata names the brokers.
    await this.#cluster.learn([this.#options.topic])
    return this.#cluster.link(this.#coordinator, 'group')
  }

  async #joinOnce(): Promise<Share> {
    const { topic, sessionMs, rebalanceMs } = this.#options
    const link = await this.#link()
    const joined = await link.join(this.#membership, sessionMs, rebalanceMs, writeSubscription([topic]))
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    const shares = joined.leader === joined.memberId ? await this.#divide(joined.members) : new Map<string, Buffer>()
    const share = await link.sync(this.#membership, joined.protocolName ?? 'range', shares, rebalanceMs)
    const partitions = readAssignment(share).get(topic) ?? []
    return { partitions, over: this.#heartbeats() }
  }

  async #divide(members: readonly { memberId: string; metadata: Buffer | null }[]): Promise<Map<string, Buffer>> {
    const subscriptions = new Map(
      members.map(({ memberId, metadata }) => [memberId, readSubscription(metadata ?? writeSubscription([]))]),
    )
    const topics = new Set([...subscriptions.values()].flat())
    await this.#cluster.learn(topics)
    const shares = divideByRange(subscriptions, name => this.#cluster.topic(name)?.leaders.length ?? 0)
    return new Map([...shares].map(([member, share]) => [member, writeAssignment(share)]))
  }

  #heartbeats(): Promise<void> {
    const { clock, sessionMs } = this.#options
    const everyMs = Math.min(sessionMs / heartbeatsPerSession, maxHeartbeatMs)
    const over = new Promise<void>((resolve, reject) => {
      let stopped = false
      let cancel = () => {}
      const beat = async () => {
        try {
          await (await this.#link()).heartbeat(this.#membership)
          if (!stopped) cancel = clock.after(everyMs, beat)
        } catch (error) {
          if (stopped) return
          if (error instanceof KafkaError && error.code === rebalanceInProgress) resolve()
          else reject(this.#lostCoordinator(error))
        }
      }
      cancel = clock.after(everyMs, beat)
      this.#stopHeartbeat = () => {
        stopped = true
        cancel()
      }
    })
    over.catch(() => {})
    return over
  }

  /** Whatever went wrong, the coordinator is looked for again. */
  #lostCoordinator(error: unknown): unknown {
    if (error instanceof KafkaError && error.code === rebalanceInProgress) return error
    this.#coordinator = undefined
    this.#cluster.distrust()
    if (error instanceof KafkaError && outsider.has(error.code)) this.#forget(error.code)
    return error
  }

  #forget(code?: number): void {
    if (code !== illegalGeneration) this.#memberId = ''
    this.#generation = -1
  }
}
