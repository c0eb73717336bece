import type { Clock } from '../contract/clock.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Change, Table } from '../contract/table.ts'
import type { AddressBlock } from '../net/cidr.ts'
import { blockContains, parseAddress, parseBlock } from '../net/cidr.ts'
import { Glob, maxPatternLength } from './glob.ts'

export const banKinds = ['client-id', 'client-id-pattern', 'user', 'user-pattern', 'address', 'address-block'] as const

export type BanKind = (typeof banKinds)[number]

export interface Ban {
  readonly kind: BanKind
  /** A name, a pattern with `*` and `?`, an address, or a CIDR block. */
  readonly value: string
  /** Ends then, ms since the epoch; undefined: never. */
  readonly until?: number | undefined
  readonly reason?: string | undefined
}

/** Bans in all. */
export const maxBans = 100_000
/** Patterns and blocks of each kind: unlike exact values they are tried one by one, at every login. */
export const maxScannedBans = 1_000
/** How often what has expired is taken out of memory and storage; it stops to count at its time, not at this. */
export const pruneIntervalMs = 60_000
export const maxBanBytes = 65_535

/** Who is kept out. Survives a restart as rows of a table; all answers come from memory. */
export class Blacklist {
  readonly #table: Table
  readonly #clock: Clock
  readonly #limit: number
  readonly #bans = new Map<string, Ban>()
  readonly #patterns = { 'client-id-pattern': new Map<string, Glob>(), 'user-pattern': new Map<string, Glob>() }
  readonly #blocks = new Map<string, AddressBlock>()
  #cancelPrune: (() => void) | undefined
  #closed = false

  private constructor(table: Table, clock: Clock, limit: number) {
    this.#table = table
    this.#clock = clock
    this.#limit = limit
  }

  /** Reads the table (named 'bans'). @throws BrokerError STORAGE_CORRUPT when a row is not a ban. */
  static async open(table: Table, clock: Clock, options: { readonly limit?: number } = {}): Promise<Blacklist> {
    // 0 means "no limit" everywhere else; here it would let a flapping fleet fill the memory.
    const blacklist = new Blacklist(table, clock, options.limit || maxBans)
    for await (const row of table.range('')) blacklist.#keep(row.key, readBan(row.key, row.value))
    // A full disk must not keep the broker from starting; what is left behind is expired at the next start too.
    await blacklist.prune().catch(() => {})
    return blacklist
  }

  get size(): number {
    return this.#bans.size
  }

  /**
   * Bans, or changes an existing ban of the same kind and value. Holds at once, and through a restart once resolved.
   * @throws BrokerError CONFIG_INVALID for a malformed value, LIMIT_REACHED.
   */
  async add(ban: Ban): Promise<void> {
    const key = keyOf(checkBan(ban))
    if (!this.#bans.has(key)) {
      if (this.#bans.size >= this.#limit) await this.prune()
      this.#checkRoom(ban.kind)
    }
    const before = this.#bans.get(key)
    this.#keep(key, ban)
    try {
      await this.#table.write([{ key, value: Buffer.from(JSON.stringify(ban)) }])
    } catch (error) {
      if (before === undefined) this.#forget(key)
      else this.#keep(key, before)
      throw error
    }
    if (ban.until !== undefined) this.#schedulePrune()
  }

  /** False when there was no such ban. */
  async remove(kind: BanKind, value: string): Promise<boolean> {
    const key = keyOf({ kind, value })
    if (!this.#bans.has(key)) return false
    await this.#table.write([{ key, value: undefined }])
    this.#forget(key)
    return true
  }

  /** Bans that hold now. */
  *list(): Iterable<Ban> {
    for (const ban of this.#bans.values()) if (this.#holds(ban)) yield ban
  }

  /** The ban that keeps this client out, if any. */
  check(clientId: string, user: string | undefined, address: string): Ban | undefined {
    if (this.#bans.size === 0) return undefined
    return (
      this.#exact('client-id', clientId) ??
      (user === undefined ? undefined : this.#exact('user', user)) ??
      this.#byAddress(address) ??
      this.#byPattern('client-id-pattern', clientId) ??
      (user === undefined ? undefined : this.#byPattern('user-pattern', user))
    )
  }

  /** Takes expired bans out of memory and storage. */
  async prune(): Promise<void> {
    const changes: Change[] = []
    let ending = false
    for (const [key, ban] of this.#bans) {
      if (!this.#holds(ban)) changes.push({ key, value: undefined })
      else if (ban.until !== undefined) ending = true
    }
    for (const { key } of changes) this.#forget(key)
    if (changes.length > 0) await this.#table.write(changes)
    if (ending) this.#schedulePrune()
  }

  close(): void {
    this.#closed = true
    this.#cancelPrune?.()
    this.#cancelPrune = undefined
  }

  #exact(kind: BanKind, value: string): Ban | undefined {
    return this.#holding(`${kind}:${value}`)
  }

  #byAddress(address: string): Ban | undefined {
    const bytes = parseAddress(address)
    if (bytes === undefined) return undefined
    const exact = this.#exact('address', hex(bytes))
    if (exact !== undefined) return exact
    for (const [key, block] of this.#blocks) {
      const ban = blockContains(block, bytes) ? this.#holding(key) : undefined
      if (ban !== undefined) return ban
    }
    return undefined
  }

  #byPattern(kind: 'client-id-pattern' | 'user-pattern', text: string): Ban | undefined {
    for (const [key, glob] of this.#patterns[kind]) {
      const ban = glob.matches(text) ? this.#holding(key) : undefined
      if (ban !== undefined) return ban
    }
    return undefined
  }

  #holding(key: string): Ban | undefined {
    const ban = this.#bans.get(key)
    return ban !== undefined && this.#holds(ban) ? ban : undefined
  }

  #holds(ban: Ban): boolean {
    return ban.until === undefined || ban.until > this.#clock.now()
  }

  #checkRoom(kind: BanKind): void {
    const scanned = isPattern(kind) ? this.#patterns[kind].size : kind === 'address-block' ? this.#blocks.size : 0
    if (scanned >= maxScannedBans) {
      throw new BrokerError(
        'LIMIT_REACHED',
        `there are ${scanned} bans of kind ${kind} already; remove some, or merge them`,
      )
    }
    if (this.#bans.size >= this.#limit) {
      throw new BrokerError(
        'LIMIT_REACHED',
        `there are ${this.#bans.size} bans already; remove some, or raise limits.bans`,
      )
    }
  }

  #keep(key: string, ban: Ban): void {
    this.#bans.set(key, ban)
    if (isPattern(ban.kind)) this.#patterns[ban.kind].set(key, new Glob(ban.value))
    const block = ban.kind === 'address-block' ? parseBlock(ban.value) : undefined
    if (block !== undefined) this.#blocks.set(key, block)
  }

  #forget(key: string): void {
    this.#bans.delete(key)
    this.#blocks.delete(key)
    this.#patterns['client-id-pattern'].delete(key)
    this.#patterns['user-pattern'].delete(key)
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

function isPattern(kind: BanKind): kind is 'client-id-pattern' | 'user-pattern' {
  return kind === 'client-id-pattern' || kind === 'user-pattern'
}

function keyOf(ban: Ban): string {
  const bytes = ban.kind === 'address' ? parseAddress(ban.value) : undefined
  return `${ban.kind}:${bytes === undefined ? ban.value : hex(bytes)}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function checkBan(ban: Ban): Ban {
  const fault = faultOf(ban)
  if (fault !== undefined) throw new BrokerError('CONFIG_INVALID', `this ban is not possible: ${fault}`)
  return ban
}

function faultOf({ kind, value, until, reason }: Ban): string | undefined {
  if (!banKinds.includes(kind)) return `its kind is ${JSON.stringify(kind)}; write one of ${banKinds.join(', ')}`
  if (typeof value !== 'string' || value === '') return 'its value is empty'
  if (Buffer.byteLength(value) > maxBanBytes || /\p{Cs}/u.test(value))
    return 'its value is too long or not valid Unicode'
  if (isPattern(kind) && value.length > maxPatternLength) return `its pattern is longer than ${maxPatternLength}`
  if (kind === 'address' && parseAddress(value) === undefined) return `${JSON.stringify(value)} is not an IP address`
  if (kind === 'address-block' && parseBlock(value) === undefined) return `${JSON.stringify(value)} is not a CIDR block`
  if (until !== undefined && !Number.isFinite(until)) return 'its end is not a time'
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > 1_000)) return 'its reason is too long'
  return undefined
}

function readBan(key: string, value: Uint8Array): Ban {
  try {
    const ban = JSON.parse(Buffer.from(value).toString()) as Ban
    const fault = typeof ban === 'object' && ban !== null ? faultOf(ban) : 'it is not an object'
    if (fault === undefined) return ban
    throw new Error(fault)
  } catch (error) {
    throw new BrokerError('STORAGE_CORRUPT', `the row ${JSON.stringify(key)} of the table "bans" is not a ban`, {
      cause: error,
    })
  }
}
