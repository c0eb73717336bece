import type { Message } from '../contract/message.ts'
import type { Ledger } from './ledger.ts'
import type { Once, StoredReference } from './record.ts'

/** Below so many blocks of offsets the log is short enough as it is. */
export const leastBlocks = 64
/** The log may be so many times as long as what it is needed for. */
const mostWaste = 4
/** Messages that are written again in one step. */
const stepMessages = 256

/** Who holds what: asked only when the log has grown far beyond what is held. */
export interface Holdings {
  /** Every reference below the offset. */
  stored(below: number): Iterable<StoredReference>
  /** Every identifier held below the offset. `moved` tells where it is held now; false when it is held no more. */
  held(below: number): Iterable<Once & { readonly offset: number; moved(offset: number): boolean }>
}

/** A few old references keep a long log: worth writing them again, so that the log can be trimmed behind them. */
export function isWasteful(span: number, { blockSize, references }: Pick<Ledger, 'blockSize' | 'references'>): boolean {
  return span > leastBlocks * blockSize && references * mostWaste < span
}

/** What it needs of the spool. */
interface Rewriter {
  readonly commit: Promise<void>
  load(offsets: readonly number[]): Promise<Map<number, Message>>
  writeAgain(name: number, message: Message, references: readonly StoredReference[]): number
  hold(once: Once): number
}

/**
 * Writes again, at the log's end, what old parts of it are kept for: one forgotten session must not pin every message
 * that came after its own. A message keeps its offset as its name, and so its place in every queue.
 */
export class Relocation {
  readonly #spool: Rewriter
  readonly #ledger: Ledger
  readonly #holdings: Holdings
  /** References that were settled or moved meanwhile. */
  readonly #changed = new Set<string>()
  /** Notes that were written meanwhile: an older one, written again behind them, would take their place. */
  readonly #noted = new Map<string, number>()

  constructor(spool: Rewriter, ledger: Ledger, holdings: Holdings) {
    this.#spool = spool
    this.#ledger = ledger
    this.#holdings = holdings
  }

  /** A reference is not what it was when `run` began. */
  changed(queueId: number, offset: number): void {
    this.#changed.add(keyOf(queueId, offset))
  }

  noted(queueId: number, offset: number, note: number): void {
    this.#noted.set(keyOf(queueId, offset), note)
  }

  /** Frees the log below an offset. @throws BrokerError STORAGE_FULL, STORAGE_FAILED; then nothing has changed. */
  async run(below: number): Promise<void> {
    const messages = byMessage(this.#holdings.stored(below)).filter(([name]) => this.#ledger.place(name) < below)
    for (let i = 0; i < messages.length; i += stepMessages) await this.#step(messages.slice(i, i + stepMessages))
    const held = [...this.#holdings.held(below)].map(once => ({ once, place: this.#spool.hold(once) }))
    await this.#spool.commit
    for (const { once, place } of held) this.#ledger.remove(once.moved(place) ? once.offset : place)
  }

  async #step(messages: readonly (readonly [number, readonly StoredReference[]])[]): Promise<void> {
    const loaded = await this.#spool.load(messages.map(([name]) => name))
    const written: { name: number; place: number; references: readonly StoredReference[] }[] = []
    for (const [name, all] of messages) {
      const message = loaded.get(name)
      if (!message) continue
      const references = this.#unchanged(all).map(one => this.#asItIs(one, message))
      if (references.length === 0) continue
      written.push({ name, place: this.#spool.writeAgain(name, message, references), references })
    }
    await this.#spool.commit
    for (const { name, place, references } of written) {
      // What was settled while this was being written was counted off where it stood.
      const left = this.#unchanged(references).length
      if (left > 0) this.#ledger.relocate(name, place, left)
    }
  }

  /** With its newest note, and the guarantee that this message is taken with: what waits knows only its way's. */
  #asItIs(reference: StoredReference, message: Message): StoredReference {
    const { queueId, offset, via, note, guarantee } = reference
    return {
      ...reference,
      note: this.#noted.get(keyOf(queueId, offset)) ?? note,
      guarantee: via.guaranteeOf?.(message.guarantee) ?? guarantee,
    }
  }

  #unchanged(references: readonly StoredReference[]): readonly StoredReference[] {
    return references.filter(({ queueId, offset }) => !this.#changed.has(keyOf(queueId, offset)))
  }
}

function keyOf(queueId: number, offset: number): string {
  return `${queueId} ${offset}`
}

/** References by the message they refer to, oldest first. */
function byMessage(references: Iterable<StoredReference>): [name: number, references: StoredReference[]][] {
  const messages = new Map<number, StoredReference[]>()
  for (const reference of references) {
    const known = messages.get(reference.offset)
    if (known) known.push(reference)
    else messages.set(reference.offset, [reference])
  }
  return [...messages].sort(([a], [b]) => a - b)
}
