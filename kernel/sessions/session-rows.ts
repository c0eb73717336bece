import { standingOf } from '../access/index.ts'
import type { Rule } from '../contract/access.ts'
import { BrokerError } from '../contract/errors.ts'
import { Message } from '../contract/message.ts'
import type { BindOptions } from '../contract/queue.ts'
import type { Will } from '../contract/session.ts'
import type { Change, Row, Table } from '../contract/table.ts'
import { decodeMessage, encodeMessage } from '../spool/message-codec.ts'
import type { ClientSession } from './client-session.ts'

/**
 * How sessions are kept: one table, so that a session, its bindings and the numbers they use change together.
 * Keys: `n` the next free number; `s` tenant id: a session; `b` tenant id group filter: a binding; `g` tenant group
 * filter: a group. Parts are divided by U+0000, which none of them can contain.
 */

export interface SessionRow {
  readonly queueId: number
  /** Names the will's publish, so that a restart does not repeat it; 0 without a will. */
  readonly willId: number
  readonly user: string | null
  readonly address: string
  /** The identity's own rules, which judge its will and its queue until it comes back; absent: none. */
  readonly rules?: readonly Rule[]
  readonly superuser?: boolean
  /** null: never. */
  readonly expiresAfterMs: number | null
  /** When its connection ended; null while it has one. */
  readonly endedAt: number | null
  readonly will: { readonly message: string; readonly delayMs: number; readonly expiresAfterMs: number | null } | null
}

export interface BindingRow {
  readonly id: number
  readonly options: BindOptions
}

export interface GroupRow {
  readonly queueId: number
}

export const rowKey = {
  next: 'n',
  session: (tenant: string, name: string) => `s\0${tenant}\0${name}`,
  binding: (tenant: string, name: string, group: string | undefined, filter: string) =>
    `b\0${tenant}\0${name}\0${group ?? ''}\0${filter}`,
  group: (tenant: string, group: string, filter: string) => `g\0${tenant}\0${group}\0${filter}`,
}

/** Of the session itself, or of one of its bindings. */
export function isRowOf({ key }: Change, tenant: string, name: string): boolean {
  return key === rowKey.session(tenant, name) || key.startsWith(`b\0${tenant}\0${name}\0`)
}

export function keyOf(tenant: string, name: string): string {
  return `${tenant}\0${name}`
}

/** The key of the session that a row of it or of one of its bindings belongs to. */
export function ownerOf({ key }: Change): string {
  return key.split('\0', 3).slice(1).join('\0')
}

export function put(key: string, value: SessionRow | BindingRow | GroupRow | number): Change {
  return { key, value: Buffer.from(JSON.stringify(value)) }
}

export function remove(key: string): Change {
  return { key, value: undefined }
}

/** Rows of one kind in order, their keys in parts. @throws BrokerError STORAGE_CORRUPT */
export async function* rowsOf<Value>(table: Table, kind: 's' | 'b' | 'g' | 'n'): AsyncGenerator<[string[], Value]> {
  for await (const row of table.range(kind, `${kind}\x01`)) yield [row.key.split('\0').slice(1), parse<Value>(row)]
}

export function sessionRow(session: ClientSession): Change {
  const { principal } = session.queue
  const standing = standingOf(principal)
  const row: SessionRow = {
    queueId: session.queue.id,
    willId: session.willId,
    ...(standing ?? { superuser: true }),
    user: standing?.user ?? null,
    address: principal?.address ?? '',
    expiresAfterMs: finite(session.expiresAfterMs),
    endedAt: session.endedAt ?? null,
    will: session.will ? willRow(session.will) : null,
  }
  return put(rowKey.session(session.tenant.name, session.name), row)
}

function willRow(will: Will): NonNullable<SessionRow['will']> {
  const message = Buffer.from(encodeMessage(new Message(will.message))).toString('base64')
  return {
    message,
    delayMs: finite(will.delayMs) ?? Number.MAX_SAFE_INTEGER,
    expiresAfterMs: will.expiresAfterMs ?? null,
  }
}

export function willOf(row: SessionRow): Will | undefined {
  if (!row.will) return undefined
  const { message, delayMs, expiresAfterMs } = row.will
  const fields = fieldsOf(decodeMessage(Buffer.from(message, 'base64')))
  return { message: fields, delayMs, expiresAfterMs: expiresAfterMs ?? undefined }
}

/** Infinity has no place in JSON. */
function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null
}

function fieldsOf(message: Message): Will['message'] {
  return {
    topic: message.topic,
    payload: message.payload,
    guarantee: message.guarantee,
    durability: message.durability,
    retain: message.retain,
    headers: message.headers,
    ...(message.contentType !== undefined && { contentType: message.contentType }),
    ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
    ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
    ...(message.format !== undefined && { format: message.format }),
    ...(message.from !== undefined && { from: message.from }),
  }
}

function parse<Value>(row: Row): Value {
  try {
    return JSON.parse(Buffer.from(row.value).toString()) as Value
  } catch (error) {
    const key = JSON.stringify(row.key)
    throw new BrokerError('STORAGE_CORRUPT', `table "sessions", row ${key}: not JSON; run "robust-server data check"`, {
      cause: error,
    })
  }
}
