import type { Clock } from '../contract/clock.ts'
import { BrokerError } from '../contract/errors.ts'
import { type AddressBlock, blockContains, parseAddress, parseBlock } from '../net/cidr.ts'
import { type Ban, type BanKind, banFault, isPattern, keyOf } from './ban.ts'
import { Glob } from './glob.ts'

/** Patterns and blocks of each kind: unlike exact values they are tried one by one, at every login. */
export const maxScannedBans = 1_000

/** Bans in memory, arranged so that a login is judged fast. A ban that has ended stays until it is deleted, and holds nobody. */
export class BanSet {
  readonly #clock: Clock
  readonly #bans = new Map<string, Ban>()
  readonly #patterns = { 'client-id-pattern': new Map<string, Glob>(), 'user-pattern': new Map<string, Glob>() }
  readonly #blocks = new Map<string, AddressBlock>()

  /** @throws BrokerError CONFIG_INVALID for a malformed ban, LIMIT_REACHED. */
  constructor(clock: Clock, bans: Iterable<Ban> = []) {
    this.#clock = clock
    for (const ban of bans) {
      const fault = banFault(ban)
      if (fault !== undefined) throw new BrokerError('CONFIG_INVALID', `this ban is not possible: ${fault}`)
      this.checkRoom(ban.kind)
      this.set(keyOf(ban), ban)
    }
  }

  get size(): number {
    return this.#bans.size
  }

  get(key: string): Ban | undefined {
    return this.#bans.get(key)
  }

  set(key: string, ban: Ban): void {
    this.#bans.set(key, ban)
    if (isPattern(ban.kind)) this.#patterns[ban.kind].set(key, new Glob(ban.value))
    const block = ban.kind === 'address-block' ? parseBlock(ban.value) : undefined
    if (block !== undefined) this.#blocks.set(key, block)
  }

  delete(key: string): void {
    this.#bans.delete(key)
    this.#blocks.delete(key)
    this.#patterns['client-id-pattern'].delete(key)
    this.#patterns['user-pattern'].delete(key)
  }

  [Symbol.iterator](): Iterator<[key: string, ban: Ban]> {
    return this.#bans[Symbol.iterator]()
  }

  holds(ban: Ban): boolean {
    return ban.until === undefined || ban.until > this.#clock.now()
  }

  /** The ban that keeps this client out, if any. `tenant`: once it is known; before, only bans of every tenant count. */
  check(clientId: string, user: string | undefined, address: string, tenant?: string): Ban | undefined {
    if (this.#bans.size === 0) return undefined
    return (
      this.#exact('client-id', clientId, tenant) ??
      (user === undefined ? undefined : this.#exact('user', user, tenant)) ??
      this.#byAddress(address, tenant) ??
      this.#byPattern('client-id-pattern', clientId, tenant) ??
      (user === undefined ? undefined : this.#byPattern('user-pattern', user, tenant))
    )
  }

  /** @throws BrokerError LIMIT_REACHED when no further pattern or block is taken. */
  checkRoom(kind: BanKind): void {
    const scanned = isPattern(kind) ? this.#patterns[kind].size : kind === 'address-block' ? this.#blocks.size : 0
    if (scanned < maxScannedBans) return
    throw new BrokerError(
      'LIMIT_REACHED',
      `there are ${scanned} bans of kind ${kind} already; remove some, or merge them`,
    )
  }

  #exact(kind: BanKind, value: string, tenant: string | undefined): Ban | undefined {
    const ofAll = this.#holding(keyOf({ kind, value }), undefined)
    return ofAll ?? (tenant === undefined ? undefined : this.#holding(keyOf({ kind, value, tenant }), tenant))
  }

  #byAddress(address: string, tenant: string | undefined): Ban | undefined {
    const bytes = parseAddress(address)
    if (bytes === undefined) return undefined
    const exact = this.#exact('address', address, tenant)
    if (exact !== undefined) return exact
    for (const [key, block] of this.#blocks) {
      const ban = blockContains(block, bytes) ? this.#holding(key, tenant) : undefined
      if (ban !== undefined) return ban
    }
    return undefined
  }

  #byPattern(kind: 'client-id-pattern' | 'user-pattern', text: string, tenant: string | undefined): Ban | undefined {
    for (const [key, glob] of this.#patterns[kind]) {
      const ban = glob.matches(text) ? this.#holding(key, tenant) : undefined
      if (ban !== undefined) return ban
    }
    return undefined
  }

  #holding(key: string, tenant: string | undefined): Ban | undefined {
    const ban = this.#bans.get(key)
    if (ban === undefined || !this.holds(ban)) return undefined
    return ban.tenant === undefined || ban.tenant === tenant ? ban : undefined
  }
}
