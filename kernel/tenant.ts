import type { Group } from './queues/group.ts'
import type { Queue } from './queues/queue.ts'
import { Router } from './routing/router.ts'

/** The tenant of whoever names none. */
export const defaultTenant = 'default'

/** What tenants do not share. Sessions, retained and delayed messages carry its name in their keys. */
export class Tenant {
  readonly name: string
  readonly router = new Router()
  /** Shared groups by name and filter. */
  readonly groups = new Map<string, Group>()
  /** Exclusive filters and the queues that hold them. */
  readonly exclusive = new Map<string, Queue>()
  /** Bindings of its sessions. */
  bindings = 0

  constructor(name: string) {
    this.name = name
  }
}
