import { dueWorkOwner, type Exchange } from '../exchange.ts'
import type { Once, StoredReference } from '../spool/record.ts'
import type { Holdings } from '../spool/relocation.ts'
import type { Tenant } from '../tenant.ts'
import type { Sessions } from './sessions.ts'

type Held = Once & { readonly offset: number; moved(offset: number): boolean }

/** Everything that the spool is kept for: queues of sessions, groups, identifiers of sessions and of due work. */
export class KernelHoldings implements Holdings {
  readonly #sessions: Sessions
  readonly #exchange: Exchange
  readonly #tenants: ReadonlyMap<string, Tenant>

  constructor(sessions: Sessions, exchange: Exchange, tenants: ReadonlyMap<string, Tenant>) {
    this.#sessions = sessions
    this.#exchange = exchange
    this.#tenants = tenants
  }

  *stored(below: number): Generator<StoredReference> {
    for (const { queue } of this.#sessions.all()) yield* queue.stored(below)
    for (const { groups } of this.#tenants.values()) for (const group of groups.values()) yield* group.stored(below)
  }

  *held(below: number): Generator<Held> {
    for (const { queue, held } of this.#sessions.all()) if (held) yield* heldBelow(below, queue.id, held)
    yield* heldBelow(below, dueWorkOwner, this.#exchange.due)
  }
}

function* heldBelow(below: number, owner: number, held: Map<number, number>): Generator<Held> {
  for (const [id, offset] of held) {
    if (offset < 0 || offset >= below) continue
    const moved = (place: number): boolean => {
      const still = held.get(id) === offset
      if (still) held.set(id, place)
      return still
    }
    yield { owner, id, offset, moved }
  }
}
