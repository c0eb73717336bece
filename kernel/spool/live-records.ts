import type { Log } from '../contract/log.ts'
import { ByteReader } from './bytes.ts'
import type { Ledger } from './ledger.ts'
import { OffsetSet } from './offset-set.ts'
import { type Once, readDelayed, readOnce, recordKind } from './record.ts'

/** What a recovery found: the messages that are referred to, by name, and where identifiers are held. */
export interface Referred {
  readonly messages: OffsetSet
  readonly held: OffsetSet
}

/**
 * The records without which a recovery of the log would find something else. What is said of a message, or of an
 * identifier, goes only with the record that it is said of: of the two, the older one must never be the last to go.
 */
export async function liveRecords(log: Log, ledger: Ledger, referred: Referred): Promise<OffsetSet> {
  const search = new LiveRecordSearch(log, ledger, referred)
  for (let at = log.first; at < log.next; ) {
    const { offset, records } = await log.read(at, { records: 4096, bytes: 4_194_304 })
    if (records.length === 0) break
    for (const [i, record] of records.entries()) search.judge(record, offset + i)
    at = offset + records.length
  }
  return search.live
}

class LiveRecordSearch {
  readonly live: OffsetSet
  readonly #ledger: Ledger
  readonly #referred: Referred
  /** Messages, by name, of which a record stays; and identifiers. */
  readonly #named: OffsetSet
  readonly #identifiers = new Set<string>()

  constructor({ first, next }: Log, ledger: Ledger, referred: Referred) {
    this.live = new OffsetSet(first, next)
    this.#named = new OffsetSet(0, next)
    this.#ledger = ledger
    this.#referred = referred
  }

  judge(record: Uint8Array, offset: number): void {
    const from = new ByteReader(record)
    if (this.#isLive(from.uint8(), from, offset)) this.live.add(offset)
  }

  #isLive(kind: number, from: ByteReader, offset: number): boolean {
    switch (kind) {
      case recordKind.message:
        return this.#isMessageLive(offset, offset, from.uint8() === 1 ? readOnce(from) : undefined)
      case recordKind.relocated:
        return this.#isMessageLive(from.varint(), offset, undefined)
      case recordKind.delayed: {
        const { once, name = offset } = readDelayed(from)
        return this.#isMessageLive(name, offset, once)
      }
      case recordKind.held:
        return this.#isHeld(readOnce(from), offset)
      case recordKind.settled: {
        let said = false
        for (let left = from.varint(); left > 0; left--) {
          from.varint()
          if (this.#named.has(from.varint())) said = true
        }
        return said
      }
      case recordKind.note:
        from.varint()
        return this.#named.has(from.varint())
      case recordKind.moved:
        from.varint()
        from.varint()
        return this.#named.has(from.varint())
      case recordKind.released:
        return this.#identifiers.has(keyOf(readOnce(from)))
      default:
        throw new Error(`spool record ${offset} is of an unknown kind ${kind}`)
    }
  }

  /**
   * Of a message that was written again the first record is not needed any more, all others are: one of them may be
   * the only one that names a holder, when the group that it was moved from is gone.
   */
  #isMessageLive(name: number, offset: number, once: Once | undefined): boolean {
    const stands = this.#referred.messages.has(name) && (name !== offset || this.#ledger.place(name) === offset)
    const holds = once !== undefined && this.#referred.held.has(offset)
    if (!stands && !holds) return false
    this.#named.add(name)
    if (once) this.#identifiers.add(keyOf(once))
    return true
  }

  #isHeld(once: Once, offset: number): boolean {
    if (!this.#referred.held.has(offset)) return false
    this.#identifiers.add(keyOf(once))
    return true
  }
}

function keyOf({ owner, id }: Once): string {
  return `${owner} ${id}`
}
