import type { Guarantee, Message } from '../contract/message.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { writeMessage } from './message-codec.ts'

/** What a record of the spool says, by its first byte. */
export const recordKind = {
  /** A message and the queues that hold it. */
  message: 1,
  /** References that are done: (queue, offset) pairs. */
  settled: 2,
  /** A number kept with an unsettled reference. */
  note: 3,
  /** A reference went from a group to the member that will finish it. */
  moved: 4,
  /** An identifier held without a message. */
  held: 5,
  /** An identifier forgotten. */
  released: 6,
  /** A message written again, so that the log can be trimmed behind it: its name, who still holds it, itself. */
  relocated: 7,
  /** A message for a later time, and whose rights decide then. */
  delayed: 8,
} as const

/** The kernel's own holder: of messages for later, and of the numbers of wills. Queues have numbers from 16 on. */
export const dueWorkOwner = 1

/** An identifier of a session's, so that a repeated publish is known. */
export interface Once {
  readonly owner: number
  readonly id: number
}

/** Why a queue holds a message, as far as a record keeps it. */
export interface StoredVia {
  readonly replay: boolean
  readonly bindings: readonly { readonly id: number }[]
  /** With which guarantee a message that was published with `published` is taken. */
  guaranteeOf?(published: Guarantee): Guarantee
}

export interface Target {
  readonly queueId: number
  readonly guarantee: Guarantee
  readonly via: StoredVia
}

/** Where a message for later is published, and its publisher's standing as JSON: "null" is the broker's own. */
export interface DelayedFrom {
  readonly tenant: string
  readonly publisher: string
}

/** One queue's reference to a stored message, as it stands. */
export interface StoredReference extends Target {
  readonly offset: number
  readonly note: number
  /** Of a message for later, which `dueWorkOwner` holds. */
  readonly delayed?: DelayedFrom
}

const replayFlag = 1 << 2

// message: kind, once flag, [owner, id], targets {queue, guarantee and replay, bindings {id}}, message
export function writeStored(
  to: ByteWriter,
  message: Message,
  targets: readonly Target[],
  once: Once | undefined,
): void {
  to.uint8(recordKind.message)
  to.uint8(once ? 1 : 0)
  if (once) writeOnce(to, once)
  writeTargets(to, targets)
  writeMessage(to, message)
}

// relocated: kind, name, targets as above, message
export function writeRelocated(to: ByteWriter, name: number, targets: readonly Target[], message: Message): void {
  to.uint8(recordKind.relocated)
  to.varint(name)
  writeTargets(to, targets)
  writeMessage(to, message)
}

const onceFlag = 1
const nameFlag = 2

// delayed: kind, flags (1: once, 2: name), [owner, id], [name], tenant, publisher, message
export function writeDelayed(
  to: ByteWriter,
  message: Message,
  { tenant, publisher }: DelayedFrom,
  { once, name }: { once?: Once | undefined; name?: number },
): void {
  to.uint8(recordKind.delayed)
  to.uint8((once ? onceFlag : 0) | (name === undefined ? 0 : nameFlag))
  if (once) writeOnce(to, once)
  if (name !== undefined) to.varint(name)
  to.string(tenant)
  to.string(publisher)
  writeMessage(to, message)
}

/** Reads on from the kind, up to the message. */
export function readDelayed(from: ByteReader): DelayedFrom & { once: Once | undefined; name: number | undefined } {
  const flags = from.uint8()
  return {
    once: flags & onceFlag ? readOnce(from) : undefined,
    name: flags & nameFlag ? from.varint() : undefined,
    tenant: from.string(),
    publisher: from.string(),
  }
}

function writeTargets(to: ByteWriter, targets: readonly Target[]): void {
  to.varint(targets.length)
  for (const target of targets) {
    to.varint(target.queueId)
    writeVia(to, target.guarantee, target.via)
  }
}

export function writeOnce(to: ByteWriter, once: Once): void {
  to.varint(once.owner)
  to.varint(once.id)
}

export function readOnce(from: ByteReader): Once {
  return { owner: from.varint(), id: from.varint() }
}

export function writeVia(to: ByteWriter, guarantee: Guarantee, via: StoredVia): void {
  to.uint8(guarantee | (via.replay ? replayFlag : 0))
  to.varint(via.bindings.length)
  for (const binding of via.bindings) to.varint(binding.id)
}

/** The same, read back: bindings by what names them. */
export interface ReturningVia {
  readonly guarantee: Guarantee
  readonly replay: boolean
  readonly bindingIds: readonly number[]
}

export function readVia(from: ByteReader): ReturningVia {
  const flags = from.uint8()
  const bindingIds: number[] = []
  for (let left = from.varint(); left > 0; left--) bindingIds.push(from.varint())
  return { guarantee: (flags & 3) as Guarantee, replay: (flags & replayFlag) !== 0, bindingIds }
}
