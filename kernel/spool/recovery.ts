import type { Log } from '../contract/log.ts'
import type { Message } from '../contract/message.ts'
import { ByteReader } from './bytes.ts'
import type { Ledger } from './ledger.ts'
import { readMessage } from './message-codec.ts'
import { type DelayedFrom, type Once, type ReturningVia, readDelayed, readOnce, readVia, recordKind } from './record.ts'

export type { ReturningVia } from './record.ts'

/** A queue as it comes back: it takes references in the order they were stored, and what became of them. */
export interface Returning {
  /** False when it is held already. */
  restore(offset: number, bytes: number, via: ReturningVia): boolean
  /** False when the reference was not held. */
  restoreSettled(offset: number): boolean
  restoreNote(offset: number, note: number): void
  restoreHeld(id: number, offset: number): void
  /** The offset at which the identifier was held, if it was. */
  restoreReleased(id: number): number | undefined
}

/** What is kept in memory of a message for later. */
export interface ReturningDelayed extends DelayedFrom {
  readonly deliverAt: number
  readonly payloadBytes: number
}

/** Where references return to. */
export interface Holders {
  /** Undefined when it is gone. */
  queue(id: number): Returning | undefined
  readonly due: {
    /** A message for later. False when it is held already. */
    restoreDelayed(offset: number, delayed: ReturningDelayed): boolean
  }
}

/**
 * Reads the log once, from its first record to its last, and tells each queue what it holds. Payloads are not kept, so
 * memory grows with references, not with the backlog's bytes. Records of queues that are gone are passed over.
 */
export async function recover(log: Log, ledger: Ledger, holders: Holders): Promise<{ records: number }> {
  let at = log.first
  let read = 0
  while (at < log.next) {
    const { offset, records } = await log.read(at, { records: 4096, bytes: 4_194_304 })
    if (records.length === 0) break
    for (let i = 0; i < records.length; i++) recoverRecord(records[i] as Uint8Array, offset + i, ledger, holders)
    at = offset + records.length
    read += records.length
  }
  return { records: read }
}

function recoverRecord(record: Uint8Array, offset: number, ledger: Ledger, holders: Holders): void {
  const queue = (id: number) => holders.queue(id)
  const from = new ByteReader(record)
  switch (from.uint8()) {
    case recordKind.message: {
      if (from.uint8() === 1) recoverHeld(readOnce(from), offset, ledger, holders)
      for (let left = from.varint(); left > 0; left--) {
        const holder = queue(from.varint())
        const via = readVia(from)
        if (holder?.restore(offset, record.length, via)) ledger.add(offset, 1)
      }
      return
    }
    case recordKind.relocated: {
      const name = from.varint()
      let held = 0
      for (let left = from.varint(); left > 0; left--) {
        const holder = queue(from.varint())
        const via = readVia(from)
        if (!holder) continue
        // Its first writing may be in the log still.
        if (holder.restore(name, record.length, via)) ledger.add(name, 1)
        held++
      }
      if (held > 0) ledger.relocate(name, offset, held)
      return
    }
    case recordKind.settled:
      for (let left = from.varint(); left > 0; left--) {
        const holder = queue(from.varint())
        const settled = from.varint()
        if (holder?.restoreSettled(settled)) ledger.remove(settled)
      }
      return
    case recordKind.note: {
      const holder = queue(from.varint())
      const noted = from.varint()
      holder?.restoreNote(noted, from.varint())
      return
    }
    case recordKind.moved: {
      const source = queue(from.varint())
      const target = queue(from.varint())
      const moved = from.varint()
      // A group may be gone when a member still has what it took from it: nobody counted that for the group then.
      if (source && !source.restoreSettled(moved)) return
      if (!target) {
        if (source) ledger.remove(moved)
      } else if (target.restore(moved, 0, readVia(from)) && !source) ledger.add(moved, 1)
      return
    }
    case recordKind.held:
      recoverHeld(readOnce(from), offset, ledger, holders)
      return
    case recordKind.released: {
      const once = readOnce(from)
      const heldAt = queue(once.owner)?.restoreReleased(once.id)
      if (heldAt !== undefined) ledger.remove(heldAt)
      return
    }
    case recordKind.delayed: {
      const { once, name = offset, tenant, publisher } = readDelayed(from)
      if (once) recoverHeld(once, offset, ledger, holders)
      const { deliverAt = 0, payloadBytes } = readMessage(from)
      if (holders.due.restoreDelayed(name, { tenant, publisher, deliverAt, payloadBytes })) ledger.add(name, 1)
      if (name !== offset) ledger.relocate(name, offset, 1)
      return
    }
    default:
      throw new Error(`spool record ${offset} is of an unknown kind ${record[0]}`)
  }
}

function recoverHeld(once: Once, offset: number, ledger: Ledger, holders: Holders): void {
  const owner = holders.queue(once.owner)
  if (!owner) return
  owner.restoreHeld(once.id, offset)
  ledger.add(offset, 1)
}

/** The message of a record, or undefined when the record holds none. */
export function readStored(record: Uint8Array): Message | undefined {
  const from = new ByteReader(record)
  const kind = from.uint8()
  if (kind === recordKind.delayed) {
    readDelayed(from)
    return readMessage(from)
  }
  if (kind === recordKind.relocated) from.varint()
  else if (kind !== recordKind.message) return undefined
  else if (from.uint8() === 1) readOnce(from)
  for (let left = from.varint(); left > 0; left--) {
    from.varint()
    readVia(from)
  }
  return readMessage(from)
}
