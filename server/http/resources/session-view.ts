import { z } from 'zod'
import type { BindingView, SessionView } from '../../../kernel/operations/views.ts'
import { guarantee, time, timeOf } from './names.ts'

/** A client's session as the API shows it. */
export const sessionView = z.strictObject({
  clientId: z.string(),
  tenant: z.string(),
  protocol: z.string(),
  user: z.string().nullable(),
  connected: z.boolean(),
  address: z.string().nullable().describe('Where it connected from, or did last.'),
  connection: z
    .strictObject({
      speaks: z.string().describe('The protocol with its version.'),
      listener: z.string(),
      port: z.int(),
      secure: z.boolean(),
      connectedAt: time,
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    })
    .nullable(),
  disconnectedAt: time.nullable(),
  expiresAfterSeconds: z.number().nullable().describe('How long it outlives its connection; null: for ever.'),
  subscriptions: z.int(),
  queued: z.int().describe('Messages that wait or are not acknowledged.'),
  unacknowledged: z.int(),
  queuedBytes: z.int(),
  willTopic: z.string().nullable(),
})

export function showSession(session: SessionView): z.infer<typeof sessionView> {
  const { connection, endedAt, expiresAfterMs } = session
  return {
    clientId: session.clientId,
    tenant: session.tenant,
    protocol: session.protocol,
    user: session.user ?? null,
    connected: session.connected,
    address: session.address ?? null,
    connection: connection
      ? {
          speaks: connection.speaks,
          listener: connection.listener,
          port: connection.port,
          secure: connection.secure,
          connectedAt: timeOf(connection.connectedAt),
          details: { ...connection.details },
        }
      : null,
    disconnectedAt: endedAt === undefined ? null : timeOf(endedAt),
    expiresAfterSeconds: Number.isFinite(expiresAfterMs) ? expiresAfterMs / 1_000 : null,
    subscriptions: session.bindings,
    queued: session.depth,
    unacknowledged: session.unsettled,
    queuedBytes: session.waitingBytes,
    willTopic: session.willTopic ?? null,
  }
}

export const subscriptionView = z.strictObject({
  clientId: z.string(),
  tenant: z.string(),
  protocol: z.string(),
  filter: z.string(),
  group: z.string().nullable().describe('Members of a group share what matches.'),
  qos: guarantee,
  exclusive: z.boolean(),
  noLocal: z.boolean(),
})

export function showSubscription({ options, ...named }: BindingView): z.infer<typeof subscriptionView> {
  return {
    clientId: named.clientId,
    tenant: named.tenant,
    protocol: named.protocol,
    filter: named.filter,
    group: options.group ?? null,
    qos: options.guarantee,
    exclusive: options.exclusive === true,
    noLocal: options.excludeOwn === true,
  }
}

export function sessionKey({
  tenant,
  protocol,
  clientId,
}: Pick<SessionView, 'tenant' | 'protocol' | 'clientId'>): string {
  return `${clientId}\0${tenant}\0${protocol}`
}
