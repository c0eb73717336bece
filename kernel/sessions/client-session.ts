import type { ConnectionInfo, Will } from '../contract/session.ts'
import type { Queue } from '../queues/queue.ts'
import type { Due } from '../schedule/schedule.ts'
import type { Tenant } from '../tenant.ts'
import { BindingList } from './binding-list.ts'

/** The connection that has the session; another may take it away. */
export interface SessionHolder {
  take(reason: 'taken-over' | 'kicked'): void
  inspect(): ConnectionInfo | undefined
}

/** Shared by all sessions, and never added to. */
const none: readonly string[] = []

/** One client's state, whether or not a connection holds it. */
export class ClientSession {
  readonly tenant: Tenant
  /** Its protocol and id: clients of two protocols may choose the same id. */
  readonly name: string
  readonly queue: Queue
  /** By group and filter. */
  readonly bindings = new BindingList()
  nextBindingId = 1
  /** Identifiers of publishes that were taken and not released, and where the spool holds them (-1: nowhere). */
  held: Map<number, number> | undefined
  holder: SessionHolder | undefined
  expiresAfterMs = 0
  endedAt: number | undefined
  will: Will | undefined
  willId = 0
  /** The will, or the session's end, when no connection holds it. */
  willDue: Due | undefined
  expiryDue: Due | undefined
  /** Rows of bindings that are being written. */
  storing: readonly string[] = none
  /** A row of it is in the table. */
  stored = false

  constructor(tenant: Tenant, name: string, queue: Queue) {
    this.tenant = tenant
    this.name = name
    this.queue = queue
  }

  /** Before another time is planned, or a connection holds it: what is planned twice comes once more, and too soon. */
  cancelDue(): void {
    this.expiryDue?.cancel()
    this.willDue?.cancel()
  }

  /** Not kept beside the name: it is asked for when something is told or goes wrong. */
  get id(): string {
    return idOf(this.name)
  }
}

/** What a session is kept under, within its tenant. */
export function sessionName(protocol: string, id: string): string {
  return `${protocol} ${id}`
}

export function protocolOf(name: string): string {
  return name.slice(0, name.indexOf(' '))
}

/** A protocol's name has no space in it. */
export function idOf(name: string): string {
  return name.slice(name.indexOf(' ') + 1)
}

/** The broker's own, such as a bridge's: a protocol's name cannot begin so. No limit that is about clients concerns it. */
export function isInternal(name: string): boolean {
  return name.startsWith('$')
}
