import type { Ban, BanKind } from '../../../kernel/access/index.ts'
import type { SessionView } from '../../../kernel/operations/views.ts'
import { defaultTenant } from '../../../kernel/tenant.ts'
import type { House } from '../house.ts'
import { nodeOf } from '../resources/node.ts'
import { readAll } from '../stream/readings.ts'
import { type Alias, fits, type Given, paged, secondsOf } from './alias.ts'

/** What only looks, in RobustMQ's words. */
export const listAliases: readonly Alias[] = [
  look('/mqtt/overview', 'overview', overviewOf),
  look('/mqtt/overview/metrics', 'overview', metricsOf),
  look('/mqtt/client/list', 'clients', clientsOf),
  look('/mqtt/session/list', 'sessions', ({ kernel }, given) =>
    paged(kernel.operations.sessions(), given, {
      keep: ({ clientId }) => fits(given, 'client_id', clientId),
      view: session => ({
        client_id: session.clientId,
        session_expiry: Number.isFinite(session.expiresAfterMs) ? session.expiresAfterMs / 1_000 : 0xffff_ffff,
        is_contain_last_will: session.willTopic !== undefined,
        last_will_delay_interval: null,
        create_time: secondsOf(session.connection?.connectedAt ?? session.endedAt ?? 0),
        connection_id: session.connected ? idOf(session) : null,
        broker_id: session.connected ? 1 : null,
        reconnect_time: session.connection ? secondsOf(session.connection.connectedAt) : null,
        distinct_time: session.endedAt === undefined ? null : secondsOf(session.endedAt),
      }),
    }),
  ),
  ...both('topic/list', 'topics', topicsOf),
  look('/mqtt/subscribe/list', 'subscriptions', ({ kernel }, given) =>
    paged(kernel.operations.bindings(), given, {
      keep: ({ clientId }) => fits(given, 'client_id', clientId),
      view: ({ clientId, filter, protocol, options }) => ({
        client_id: clientId,
        path: options.group === undefined ? filter : `$share/${options.group}/${filter}`,
        broker_id: 1,
        protocol: protocol.toUpperCase(),
        qos: `QoS${options.guarantee}`,
        no_local: options.excludeOwn ? 1 : 0,
        preserve_retain: 0,
        is_share_sub: options.group !== undefined,
      }),
    }),
  ),
  look('/mqtt/slow-subscribe/list', 'slow-subscribers', ({ kernel, server }, given) =>
    paged(kernel.slowConsumers.list(), given, {
      view: ({ clientId, topic, latencyMs, lastSeenAt }) => ({
        client_id: clientId,
        topic_name: topic,
        time_span: latencyMs,
        node_info: server.started.config.node.name,
        create_time: secondsOf(lastSeenAt),
        subscribe_name: topic,
      }),
    }),
  ),
  look('/mqtt/system-alarm/list', 'alarms', ({ kernel }, given) =>
    paged(kernel.alarms.list(), given, {
      view: ({ name, message, raisedAt }) => ({ name, message, create_time: secondsOf(raisedAt), activated: true }),
    }),
  ),
  look('/mqtt/flapping_detect/list', 'flapping', ({ kernel }, given) =>
    paged(kernel.blacklist.list(), given, {
      keep: ({ reason }) => reason === 'flapping',
      view: ({ value, until }) => ({ client_id: value, end_time: until === undefined ? null : secondsOf(until) }),
    }),
  ),
  ...both('blacklist/list', 'bans', ({ kernel }, given) => paged(kernel.blacklist.list(), given, { view: showBan })),
  look('/cluster/healthy', 'nodes', () => true),
  look('/cluster/tenant/list', 'nodes', ({ kernel }, given) =>
    paged(new Set([defaultTenant, ...kernel.operations.tenants]), given, { view: name => ({ tenant_name: name }) }),
  ),
]

/** RobustMQ's names for kinds of bans. */
export const banTypes: readonly (readonly [type: string, kind: BanKind])[] = [
  ['ClientId', 'client-id'],
  ['User', 'user'],
  ['Username', 'user'],
  ['Ip', 'address'],
  ['IpAddress', 'address'],
  ['ClientIdMatch', 'client-id-pattern'],
  ['UserMatch', 'user-pattern'],
  ['IPCIDR', 'address-block'],
]

export function look(path: string, group: string, handle: (house: House, given: Given) => unknown): Alias {
  return { path, group, needs: 'viewer', action: undefined, handle }
}

/** Newer versions have it under `/cluster`, older ones under `/mqtt`. */
function both(path: string, group: string, handle: (house: House, given: Given) => unknown): readonly Alias[] {
  return ['/mqtt/', '/cluster/'].map(prefix => look(prefix + path, group, handle))
}

async function overviewOf(house: House) {
  const { kernel, history, server } = house
  const totals = readAll(kernel.counters)
  const node = nodeOf(house)
  const total = (name: string) => totals.get(name) ?? 0
  const byTransport = new Map(kernel.listeners.map(({ name, transport }) => [name, transport]))
  const connections = { tcp: 0, tls: 0, ws: 0, wss: 0 } as Record<string, number>
  for (const { name, labels, value } of kernel.counters.all()) {
    const transport = name === 'net_connections' ? byTransport.get(labels.listener ?? '') : undefined
    if (transport !== undefined) connections[transport] = (connections[transport] ?? 0) + value
  }
  return {
    node_list: [
      {
        node_id: 1,
        node_ip: node.host,
        node_inner_addr: node.host,
        extend_info: '{}',
        create_time: secondsOf(house.startedAt),
      },
    ],
    cluster_name: server.started.config.node.name,
    message_in_rate: Math.round(history.latest?.messagesIn ?? 0),
    message_out_rate: Math.round(history.latest?.messagesOut ?? 0),
    connection_num: total('net_connections'),
    session_num: total('sessions'),
    topic_num: await topicCount(house),
    placement_status: 'Leader',
    tcp_connection_num: connections.tcp,
    tls_connection_num: connections.tls,
    websocket_connection_num: (connections.ws ?? 0) + (connections.wss ?? 0),
    quic_connection_num: 0,
    subscribe_num: total('bindings'),
    exclusive_subscribe_num: total('bindings') - total('bindings_shared'),
    share_subscribe_leader_num: total('bindings_shared'),
    share_subscribe_resub_num: 0,
  }
}

/** Series as JSON in texts, as RobustMQ has them. */
function metricsOf({ history }: House, given: Given) {
  const from = Number(given.start_time ?? 0)
  const to = Number(given.end_time ?? Number.MAX_SAFE_INTEGER)
  const points = history.of('1h').filter(({ at }) => at >= from * 1_000 && at <= to * 1_000)
  const seriesOf = (read: (values: (typeof points)[number]['values']) => number) =>
    JSON.stringify(points.map(({ at, values }) => ({ timestamp: secondsOf(at), value: Math.round(read(values)) })))
  return {
    connection_num: seriesOf(({ connections }) => connections),
    subscribe_num: seriesOf(({ subscriptions }) => subscriptions),
    message_in_num: seriesOf(({ messagesIn }) => messagesIn),
    message_out_num: seriesOf(({ messagesOut }) => messagesOut),
    message_drop_num: seriesOf(({ dropped }) => dropped),
  }
}

function clientsOf({ kernel }: House, given: Given) {
  const transports = new Map(kernel.listeners.map(({ name, transport }) => [name, transport.toUpperCase()]))
  return paged(kernel.operations.sessions(), given, {
    keep: session =>
      session.connected && fits(given, 'source_ip', session.address) && fits(given, 'client_id', session.clientId),
    view: session => ({
      client_id: session.clientId,
      connection_id: idOf(session),
      connection_type: transports.get(session.connection?.listener ?? '') ?? '',
      protocol: session.connection?.speaks ?? session.protocol.toUpperCase(),
      source_addr: `${session.address ?? ''}:${session.connection?.port ?? 0}`,
      user_name: session.user ?? '',
      create_time: secondsOf(session.connection?.connectedAt ?? 0),
    }),
  })
}

/** RobustMQ numbers connections; a client's port does that as well as any number. */
function idOf({ connection }: SessionView): number {
  return connection?.port ?? 0
}

function topicsOf({ kernel }: House, given: Given) {
  const tenant = typeof given.tenant === 'string' && given.tenant !== '' ? given.tenant : defaultTenant
  return paged(topics(kernel, tenant), given, {
    keep: ({ topic }) => fits(given, 'topic_name', topic),
    view: ({ topic, retained }) => ({ topic_id: topic, topic_name: topic, is_contain_retain_message: retained }),
  })
}

async function topicCount({ kernel }: House): Promise<number> {
  const { total_count } = await paged(
    passingTopics(kernel, defaultTenant),
    { limit: 1 },
    { view: ({ topic }) => topic },
  )
  return kernel.operations.retainedCount(defaultTenant) + total_count
}

function* topics(kernel: House['kernel'], tenant: string) {
  for (const { topic } of kernel.operations.retained(tenant, '#')) yield { topic, retained: true }
  yield* passingTopics(kernel, tenant)
}

/** Topics that something was published to lately and nothing is retained of. */
function* passingTopics({ operations }: House['kernel'], tenant: string) {
  const seen = new Set<string>()
  for (const topic of operations.recentTopics(tenant)) {
    const known = topic.startsWith('$') || seen.has(topic) || operations.retainedAt(tenant, topic) !== undefined
    if (!known) yield { topic, retained: false }
    seen.add(topic)
  }
}

function showBan({ kind, value, until, reason }: Ban) {
  return {
    blacklist_type: banTypes.find(([, of]) => of === kind)?.[0] ?? kind,
    resource_name: value,
    end_time: until === undefined ? null : secondsOf(until),
    desc: reason ?? '',
  }
}
