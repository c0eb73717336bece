import * as driver from '@platformatic/kafka'
import type { Clock } from '../../../kernel/plugin.ts'
import { KafkaError, LinkError, understand } from './failure.ts'
import type { Address, ClusterState, JoinedGroup, Link, LinkOptions, Membership, Offsets } from './link.ts'
import { logIn } from './sasl.ts'

/** For what a broker answers from memory. */
export const requestWithinMs = 5_000
/** Login is renewed by a new connection before the broker ends the old one. */
const loginPart = 0.8
const consumerProtocol = 'consumer'
const anyTime = { earliest: -2n, latest: -1n } as const
/** The driver's own limits: ours are shorter, and end the connection. */
const neverMs = 2_000_000_000

/** CRC-32C. */
export const checksum = (bytes: Uint8Array): number => driver.crc32c(bytes as Buffer)

export function compressBlocks(how: 'snappy' | 'lz4', bytes: Buffer): Buffer {
  return driver.compressionsAlgorithms[how].compressSync(bytes) as Buffer
}

export function decompressBlocks(how: 'lz4', bytes: Buffer): Buffer {
  return driver.compressionsAlgorithms[how].decompressSync(bytes) as Buffer
}

/** TCP, then TLS, then the login, and a look at what the broker speaks. @throws LinkError */
export async function connect(address: Address, options: LinkOptions): Promise<Link> {
  const { clock, clientId, tls, login, connectWithinMs } = options
  const where = `${address.host}:${address.port}`
  let loginExpiresAt = Number.POSITIVE_INFINITY
  const connection = new driver.Connection(clientId, {
    connectTimeout: connectWithinMs,
    requestTimeout: neverMs,
    maxInflights: 64,
    ...(tls && { tls: tls(address.host) }),
    ...(login && {
      sasl: {
        mechanism: login.mechanism.toUpperCase() as driver.SASLMechanismValue,
        // Ours, because an answer that is not understood must not be an exception that nobody catches.
        authenticate: (_mechanism, link, api, _user, _password, _token, done) => {
          let lifetimeMs = 0n
          const say = async (bytes: Buffer) => {
            const answer = await callback<{ authBytes: Buffer; sessionLifetimeMs: bigint }>(then =>
              api(link, bytes, then),
            )
            lifetimeMs = answer.sessionLifetimeMs
            return answer.authBytes
          }
          logIn(login, say).then(
            () => {
              if (lifetimeMs > 0n) loginExpiresAt = clock.now() + Number(lifetimeMs) * loginPart
              done(null, { errorCode: 0, errorMessage: null, authBytes: Buffer.alloc(0), sessionLifetimeMs: 0n })
            },
            error => done(error),
          )
        },
      },
    }),
  })
  // Whoever waits is told; without a listener the event would end the process.
  connection.on('error', () => {})
  try {
    await callback<void>(then => connection.connect(address.host, address.port, then))
    const link = new DriverLink(connection, address, clock, () => clock.now() < loginExpiresAt)
    await link.checkVersions()
    return link
  } catch (error) {
    connection.socket?.destroy()
    throw understand(error, where)
  }
}

/** Of the APIs whose version is fixed here: all are in Kafka 3.0 and later. */
const needed = [
  ['Produce', driver.protocolAPIsByName.Produce, 8],
  ['Fetch', driver.protocolAPIsByName.Fetch, 11],
  ['FindCoordinator', driver.protocolAPIsByName.FindCoordinator, 4],
  ['OffsetFetch', driver.protocolAPIsByName.OffsetFetch, 8],
] as const

class DriverLink implements Link {
  readonly address: Address
  readonly #connection: driver.Connection
  readonly #clock: Clock
  readonly #loggedIn: () => boolean

  constructor(connection: driver.Connection, address: Address, clock: Clock, loggedIn: () => boolean) {
    this.#connection = connection
    this.address = address
    this.#clock = clock
    this.#loggedIn = loggedIn
  }

  get usable(): boolean {
    return this.#connection.isConnected() && this.#loggedIn()
  }

  async checkVersions(): Promise<void> {
    const { apiKeys } = await this.#call(driver.apiVersionsV3.api, ['robustmq', '1'])
    for (const [name, key, version] of needed) {
      const offered = apiKeys.find(one => one.apiKey === key)
      if (offered !== undefined && offered.minVersion <= version && version <= offered.maxVersion) continue
      throw new LinkError('version', `the broker does not speak ${name} ${version}: Kafka 3.0 and later do`)
    }
  }

  async metadata(topics: readonly string[], create: boolean): Promise<ClusterState> {
    return this.#tolerant(this.#call(driver.metadataV9.api, [[...topics], create, false]))
  }

  exchange(api: number, version: number, body: readonly Buffer[], withinMs: number): Promise<Buffer> {
    const payload = () => {
      const writer = driver.Writer.create()
      for (const part of body) writer.append(part)
      return writer
    }
    const answer = (_id: number, _api: number, _version: number, reader: driver.Reader) =>
      // Copied out of the connection's buffer in one piece.
      reader.buffer.buffer.subarray(reader.position)
    return this.#within(withinMs, then => this.#connection.send(api, version, payload, answer, false, false, then))
  }

  producerId(): Promise<{ producerId: bigint; producerEpoch: number }> {
    return this.#call(driver.initProducerIdV4.api, [null, 60_000, -1n, -1])
  }

  async coordinator(group: string): Promise<number> {
    const { coordinators } = await this.#call(driver.findCoordinatorV4.api, [0, [group]])
    return coordinators[0]?.nodeId ?? -1
  }

  join(member: Membership, sessionMs: number, rebalanceMs: number, subscription: Buffer): Promise<JoinedGroup> {
    const protocols = [{ name: 'range', metadata: subscription }]
    const { group, memberId } = member
    const request = [group, sessionMs, rebalanceMs, memberId, null, consumerProtocol, protocols, null] as const
    return this.#call(driver.joinGroupV9.api, [...request], rebalanceMs + requestWithinMs) as Promise<JoinedGroup>
  }

  async sync(member: Membership, protocol: string, shares: ReadonlyMap<string, Buffer>, ms: number): Promise<Buffer> {
    const given = [...shares].map(([memberId, assignment]) => ({ memberId, assignment }))
    const { group, memberId, generation } = member
    const request = [group, generation, memberId, null, consumerProtocol, protocol, given] as const
    return (await this.#call(driver.syncGroupV5.api, [...request], ms)).assignment
  }

  async heartbeat({ group, generation, memberId }: Membership): Promise<void> {
    await this.#call(driver.heartbeatV4.api, [group, generation, memberId, null])
  }

  async leave({ group, memberId }: Membership): Promise<void> {
    await this.#call(driver.leaveGroupV5.api, [group, [{ memberId, groupInstanceId: null, reason: null }]])
  }

  async commit({ group, generation, memberId }: Membership, topic: string, offsets: Offsets): Promise<void> {
    const partitions = [...offsets].map(([partitionIndex, committedOffset]) => ({
      ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, committedMetadata: null },
    }))
    const topics = [{ name: topic, partitions }]
    await this.#call(driver.offsetCommitV8.api, [group, generation, memberId, null, topics])
  }

  async committed(group: string, topic: string, partitions: readonly number[]): Promise<Offsets> {
    const topics = [{ name: topic, partitionIndexes: [...partitions] }]
    const request = [{ groupId: group, memberId: null, memberEpoch: -1, topics }]
    const { groups } = await this.#call(driver.offsetFetchV8.api, [request, true])
    const found = groups.flatMap(one => one.topics).flatMap(one => one.partitions)
    return new Map(found.filter(one => one.committedOffset >= 0n).map(one => [one.partitionIndex, one.committedOffset]))
  }

  async bounds(topic: string, partitions: readonly number[], which: 'earliest' | 'latest'): Promise<Offsets> {
    const timestamp = anyTime[which]
    const asked = partitions.map(partitionIndex => ({ partitionIndex, currentLeaderEpoch: -1, timestamp }))
    const { topics } = await this.#call(driver.listOffsetsV7.api, [-1, 0, [{ name: topic, partitions: asked }]])
    return new Map(topics.flatMap(one => one.partitions).map(one => [one.partitionIndex, one.offset]))
  }

  close(): void {
    this.#connection.socket?.destroy()
  }

  /** An answer in which some topics have errors is an answer: each says which. */
  async #tolerant<Answer>(answer: Promise<unknown>): Promise<Answer> {
    try {
      return (await answer) as Answer
    } catch (error) {
      if (error instanceof KafkaError && error.response !== undefined) return error.response as Answer
      throw error
    }
  }

  #call<Request extends unknown[], Answer>(
    api: (connection: driver.Connection, ...rest: [...Request, driver.Callback<Answer>]) => void,
    request: Request,
    withinMs = requestWithinMs,
  ): Promise<Answer> {
    return this.#within(withinMs, then => api(this.#connection, ...request, then))
  }

  async #within<Answer>(withinMs: number, work: (then: driver.Callback<Answer>) => void): Promise<Answer> {
    const where = `${this.address.host}:${this.address.port}`
    let late = false
    const cancel = this.#clock.after(withinMs, () => {
      late = true
      this.close()
    })
    try {
      return await callback(work)
    } catch (error) {
      throw late ? new LinkError('timeout', `${where} did not answer in ${withinMs} ms`) : understand(error, where)
    } finally {
      cancel()
    }
  }
}

function callback<Answer>(work: (then: driver.Callback<Answer>) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    work((error, answer) => (error ? reject(error) : resolve(answer as Answer)))
  })
}
