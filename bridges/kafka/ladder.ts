import type { Rung } from '../../kernel/plugin.ts'
import { climb, reach } from '../../kernel/plugin.ts'
import { verdictOn } from './egress/verdict.ts'
import { connect } from './wire/driver.ts'
import type { Address, ClusterState, Link, LinkOptions } from './wire/link.ts'

export interface LadderTarget {
  readonly bootstrap: readonly Address[]
  /** Undefined where it depends on the message. */
  readonly topic: string | undefined
  readonly options: LinkOptions
}

/**
 * DNS, TCP and TLS of the brokers of the configuration until one can be reached; then login, metadata, topic, and the
 * brokers that lead it, whose names come from the cluster.
 */
export async function* climbLadder(target: LadderTarget, signal: AbortSignal): AsyncGenerator<Rung> {
  const { bootstrap, options } = target
  for (const [index, address] of bootstrap.entries()) {
    const rungs: Rung[] = []
    for await (const rung of reachable(address, options, signal)) {
      rungs.push(rung)
      // A broker that is down is no failure while another one is up.
      if (rung.ok || index === bootstrap.length - 1) yield named(rung, address, bootstrap.length)
    }
    if (rungs.some(one => !one.ok)) continue
    yield* above(address, target, signal)
    return
  }
}

async function* above(address: Address, { topic, options }: LadderTarget, signal: AbortSignal): AsyncGenerator<Rung> {
  const { clock } = options
  let link: Link | undefined
  let state: ClusterState | undefined
  try {
    const login = await climb(options.login === undefined ? 'hello' : 'login', clock, async () => {
      link = await connect(address, options)
      return options.login === undefined ? 'it speaks Kafka, without login' : options.login.mechanism
    })
    yield login.ok ? login : { ...login, mend: loginMend(options) }
    if (!login.ok || link === undefined) return
    const metadata = await climb('metadata', clock, async () => {
      state = await (link as Link).metadata(topic === undefined ? [] : [topic], false)
      return state.brokers.map(({ nodeId, host, port }) => `${nodeId} at ${host}:${port}`).join(', ')
    })
    yield metadata.ok ? metadata : { ...metadata, mend: metadataMend(options) }
    if (!metadata.ok || state === undefined || topic === undefined) return
    const found = await climb('topic', clock, async () => topicDetail(state as ClusterState, topic))
    yield found.ok ? found : { ...found, mend: topicMend(found.detail, topic) }
    if (found.ok) yield* leaders(state, topic, options, signal)
  } finally {
    link?.close()
  }
}

async function* leaders(
  { brokers, topics }: ClusterState,
  topic: string,
  options: LinkOptions,
  signal: AbortSignal,
): AsyncGenerator<Rung> {
  const partitions = topics.find(one => one.name === topic)?.partitions ?? []
  for (const { nodeId, host, port } of brokers) {
    if (!partitions.some(one => one.leaderId === nodeId) || signal.aborted) continue
    const rung = await climb(`broker ${nodeId}`, options.clock, async () => {
      const link = await connect({ host, port }, options)
      link.close()
      return `${host}:${port} leads ${partitions.filter(one => one.leaderId === nodeId).length} partitions`
    })
    const mend = `the cluster names broker ${nodeId} ${host}:${port}, which must be reachable from here (advertised.listeners)`
    yield rung.ok ? rung : { ...rung, mend }
    if (!rung.ok) return
  }
}

function reachable({ host, port }: Address, options: LinkOptions, signal: AbortSignal): AsyncIterable<Rung> {
  return reach({ host, port, tls: options.tls?.(host) }, options.clock, signal)
}

function named(rung: Rung, { host, port }: Address, count: number): Rung {
  return count === 1 || rung.detail.includes(`${port}`) ? rung : { ...rung, detail: `${host}:${port}: ${rung.detail}` }
}

function topicDetail({ topics }: ClusterState, topic: string): string {
  const found = topics.find(one => one.name === topic)
  const code = found?.errorCode ?? 3
  if (found === undefined || code !== 0) throw new Error(`${topic}: ${verdictOn(code).word}`)
  const orphans = found.partitions.filter(one => one.leaderId < 0).length
  if (orphans > 0) throw new Error(`${orphans} of ${found.partitions.length} partitions have no leader`)
  return `${topic}, ${found.partitions.length} partitions`
}

function loginMend({ login, tls }: LinkOptions): string {
  if (login !== undefined) {
    return `correct the credentials, or the mechanism (${login.mechanism}); check that this listener takes SASL${tls ? '' : ' without TLS'}`
  }
  return tls === undefined
    ? 'the listener may want TLS or a login: set tls or sasl'
    : 'the listener may want a client certificate or a login: set tls.cert and tls.key, or sasl'
}

function metadataMend({ login, tls }: LinkOptions): string {
  return login === undefined ? loginMend({ login, tls } as LinkOptions) : 'look into the log of the broker'
}

function topicMend(detail: string, topic: string): string {
  if (detail.includes('AUTHORIZATION')) return `grant the user Describe and Write, or Read, on the topic ${topic}`
  if (detail.includes('leader')) return 'start the brokers that hold the partitions'
  return `make the topic ${topic}, or set to.createTopics`
}
