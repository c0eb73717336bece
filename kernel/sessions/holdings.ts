import type { Exchange } from '../exchange.ts'
import type { Delayed } from '../schedule/delayed.ts'
import { dueWorkOwner, type Once, type StoredReference } from '../spool/record.ts'
import type { Holdings } from '../spool/relocation.ts'
import type { Tenant } from '../tenant.ts'
import type { Sessions } from './sessions.ts'

type Held = Once & { readonly offset: number; moved(offset: number): boolean }

interface Holders {
  readonly sessions: Sessions
  readonly exchange: Exchange
  readonly delayed: Delayed
  readonly tenants: ReadonlyMap<string, Tenant>
}

/** Everything that the spool is kept for: queues of sessions, groups, delayed messages; identifiers, numbers of wills. */
export class KernelHoldings implements Holdings {
  readonly #holders: Holders

  constructor(holders: Holders) {
    this.#holders = holders
  }

  *stored(below: number): Generator<StoredReference> {
    const { sessions, tenants, delayed } = this.#holders
    for (const { queue } of sessions.all()) yield* queue.stored(below)
    for (const { groups } of tenants.values()) for (const group of groups.values()) yield* group.stored(below)
    yield* delayed.stored(below)
  }

  *held(below: number): Generator<Held> {
    const { sessions, exchange } = this.#holders
    for (const { queue, held } of sessions.all()) if (held) yield* heldBelow(below, queue.id, held)
    yield* heldBelow(below, dueWorkOwner, exchange.due)
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
