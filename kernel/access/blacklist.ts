import type { Clock } from '../contract/clock.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Change, Table } from '../contract/table.ts'
import { type Ban, type BanKind, banFault, keyOf } from './ban.ts'
import { BanSet } from './ban-set.ts'

/** Bans in all that are added while the broker runs. */
export const maxBans = 100_000
/** How often what has expired is taken out of memory and storage; it stops to count at its time, not at this. */
export const pruneIntervalMs = 60_000

/**
 * Who is kept out: by the configuration, and by bans added while the broker runs, which survive a restart as rows of a
 * table. All answers come from memory.
 */
export class Blacklist {
  /** Those of the configuration: written nowhere, replaced whole by a reload. */
  configured: BanSet
  readonly #table: Table
  readonly #clock: Clock
  readonly #limit: number
  readonly #bans: BanSet
  #cancelPrune: (() => void) | undefined
  #closed = false

  private constructor(table: Table, clock: Clock, limit: number, configured: BanSet) {
    this.#table = table
    this.#clock = clock
    this.#limit = limit
    this.#bans = new BanSet(clock)
    this.configured = configured
  }

  /**
   * Reads the table (named 'bans').
   * @throws BrokerError STORAGE_CORRUPT when a row is not a ban; CONFIG_INVALID, LIMIT_REACHED for configured ones.
   */
  static async open(
    table: Table,
    clock: Clock,
    options: { readonly limit?: number; readonly configured?: readonly Ban[] | undefined } = {},
  ): Promise<Blacklist> {
    // 0 means "no limit" everywhere else; here it would let a flapping fleet fill the memory.
    const blacklist = new Blacklist(table, clock, options.limit || maxBans, new BanSet(clock, options.configured))
    for await (const row of table.range('')) blacklist.#bans.set(row.key, readBan(row.key, row.value))
    // A full disk must not keep the broker from starting; what is left behind is expired at the next start too.
    await blacklist.prune().catch(() => {})
    return blacklist
  }

  /** Of added bans. */
  get size(): number {
    return this.#bans.size
  }

  /**
   * Bans, or changes an existing ban of the same kind and value. Holds at once, and through a restart once resolved.
   * @throws BrokerError CONFIG_INVALID for a malformed value, LIMIT_REACHED.
   */
  async add(ban: Ban): Promise<void> {
    const fault = banFault(ban)
    if (fault !== undefined) throw new BrokerError('CONFIG_INVALID', `this ban is not possible: ${fault}`)
    const key = keyOf(ban)
    const before = this.#bans.get(key)
    if (before === undefined) {
      if (this.#bans.size >= this.#limit) await this.prune()
      this.#checkRoom(ban.kind)
    }
    this.#bans.set(key, ban)
    try {
      await this.#table.write([{ key, value: Buffer.from(JSON.stringify(ban)) }])
    } catch (error) {
      if (before === undefined) this.#bans.delete(key)
      else this.#bans.set(key, before)
      throw error
    }
    if (ban.until !== undefined) this.#schedulePrune()
  }

  /** False when no such ban was added; one of the configuration ends by changing that. */
  async remove(kind: BanKind, value: string, tenant?: string): Promise<boolean> {
    const key = keyOf({ kind, value, tenant })
    if (this.#bans.get(key) === undefined) return false
    await this.#table.write([{ key, value: undefined }])
    this.#bans.delete(key)
    return true
  }

  /** Bans that hold now. */
  *list(): Iterable<Ban> {
    for (const set of [this.configured, this.#bans]) for (const [, ban] of set) if (set.holds(ban)) yield ban
  }

  /** The ban that keeps this client out, if any. `tenant`: once it is known; before, only bans of every tenant count. */
  check(...client: Parameters<BanSet['check']>): Ban | undefined {
    return this.configured.check(...client) ?? this.#bans.check(...client)
  }

  /** Takes expired bans out of memory and storage. */
  async prune(): Promise<void> {
    const changes: Change[] = []
    let ending = false
    for (const [key, ban] of this.#bans) {
      if (!this.#bans.holds(ban)) changes.push({ key, value: undefined })
      else if (ban.until !== undefined) ending = true
    }
    for (const { key } of changes) this.#bans.delete(key)
    if (changes.length > 0) await this.#table.write(changes)
    if (ending) this.#schedulePrune()
  }

  close(): void {
    this.#closed = true
    this.#cancelPrune?.()
    this.#cancelPrune = undefined
  }

  #checkRoom(kind: BanKind): void {
    this.#bans.checkRoom(kind)
    if (this.#bans.size < this.#limit) return
    throw new BrokerError(
      'LIMIT_REACHED',
      `there are ${this.#bans.size} bans already; remove some, or raise limits.bans`,
    )
  }

  #schedulePrune(): void {
    if (this.#closed || this.#cancelPrune !== undefined) return
    this.#cancelPrune = this.#clock.after(pruneIntervalMs, () => {
      this.#cancelPrune = undefined
      // A failed delete is harmless: the row is expired when it is read again.
      this.prune().catch(() => this.#schedulePrune())
    })
  }
}

function readBan(key: string, value: Uint8Array): Ban {
  try {
    const ban = JSON.parse(Buffer.from(value).toString()) as Ban
    const fault = typeof ban === 'object' && ban !== null ? banFault(ban) : 'it is not an object'
    if (fault === undefined) return ban
    throw new Error(fault)
  } catch (error) {
    throw new BrokerError('STORAGE_CORRUPT', `the row ${JSON.stringify(key)} of the table "bans" is not a ban`, {
      cause: error,
    })
  }
}
