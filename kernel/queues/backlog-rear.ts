import type { Reference } from './backlog.ts'
import type { MatchedVia } from './bound-filter.ts'
import { PackedMessages } from './packed-messages.ts'
import { PackedOffsets } from './packed-offsets.ts'

/** Entries of one block, and of the ring in front of the first. */
export const blockEntries = 64

/** Entries by their places. */
export interface Block {
  readonly references: readonly Reference[]
  readonly vias: readonly MatchedVia[]
  readonly sizes: readonly number[]
}

/** One via for all where it is the same; offsets with their sizes, or messages, as bytes where that can be. */
interface PackedBlock {
  readonly references: PackedOffsets | PackedMessages | readonly Reference[]
  readonly vias: MatchedVia | readonly MatchedVia[]
  /** Undefined: with the references. */
  readonly sizes: Uint32Array | undefined
}

/**
 * The far part of a long backlog, in blocks: some six bytes an offset where all of a block came the same way, and eight
 * more where they did not; messages that are nowhere else are bytes. Nothing in it is looked at by the
 * garbage collector one by one, unless other backlogs hold it too.
 */
export class BacklogRear {
  readonly #blocks: PackedBlock[] = []
  #references: Reference[] = []
  #vias: MatchedVia[] = []
  #sizes: number[] = []
  length = 0

  /** `moving`: somebody takes from the backlog, so what comes now will not stay long enough to be packed. */
  push(reference: Reference, via: MatchedVia, size: number, moving = false): void {
    this.#references.push(reference)
    this.#vias.push(via)
    this.#sizes.push(size)
    this.length++
    if (this.#references.length === blockEntries) this.#blocks.push(pack(this.#taken(), moving))
  }

  /** Takes out the first block; undefined when there is none. */
  take(): Block | undefined {
    const packed = this.#blocks.shift()
    const block = packed ? unpack(packed) : this.length > 0 ? this.#taken() : undefined
    if (block) this.length -= block.references.length
    return block
  }

  /** Removes one offset, searched from the end; returns its size, or undefined when it is not here. */
  remove(offset: number): number | undefined {
    const size = removeFrom(this.#filling, offset)
    if (size !== undefined) {
      this.length--
      return size
    }
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i] as PackedBlock
      if (!mayHold(block, offset)) continue
      const loose = unpack(block)
      const removed = removeFrom(loose, offset)
      if (removed === undefined) continue
      this.length--
      if (loose.references.length > 0) this.#blocks[i] = pack(loose, false)
      else this.#blocks.splice(i, 1)
      return removed
    }
    return undefined
  }

  *offsets(): Generator<{ offset: number; via: MatchedVia }> {
    for (const block of this.#blocks) if (!(block.references instanceof PackedMessages)) yield* offsetsOf(unpack(block))
    yield* offsetsOf(this.#filling)
  }

  get #filling(): Loose {
    return { references: this.#references, vias: this.#vias, sizes: this.#sizes }
  }

  #taken(): Loose {
    const taken = this.#filling
    this.#references = []
    this.#vias = []
    this.#sizes = []
    return taken
  }
}

interface Loose {
  readonly references: Reference[]
  readonly vias: MatchedVia[]
  readonly sizes: number[]
}

function removeFrom({ references, vias, sizes }: Loose, offset: number): number | undefined {
  const at = references.lastIndexOf(offset)
  if (at === -1) return undefined
  references.splice(at, 1)
  vias.splice(at, 1)
  return sizes.splice(at, 1)[0]
}

function* offsetsOf({ references, vias }: Block): Generator<{ offset: number; via: MatchedVia }> {
  for (let i = 0; i < references.length; i++) {
    const offset = references[i]
    if (typeof offset === 'number') yield { offset, via: vias[i] as MatchedVia }
  }
}

function mayHold({ references }: PackedBlock, offset: number): boolean {
  if (references instanceof PackedOffsets) return references.mayHold(offset)
  return !(references instanceof PackedMessages) && references.includes(offset)
}

function pack({ references, vias, sizes }: Loose, moving: boolean): PackedBlock {
  const [via] = vias
  const way = via !== undefined && vias.every(other => other === via) ? via : vias.slice()
  const offsets = areOffsets(references) ? PackedOffsets.of(references, sizes) : undefined
  if (offsets) return { references: offsets, vias: way, sizes: undefined }
  const messages = moving ? undefined : PackedMessages.of(references)
  return { references: messages ?? references, vias: way, sizes: Uint32Array.from(sizes) }
}

function areOffsets(references: readonly Reference[]): references is readonly number[] {
  return references.every(reference => typeof reference === 'number')
}

function unpack({ references: packed, vias, sizes: beside }: PackedBlock): Loose {
  const alone = packed instanceof PackedOffsets ? packed.unpack() : undefined
  const references =
    alone?.offsets ?? (packed instanceof PackedMessages ? packed.unpack() : [...(packed as Reference[])])
  const sizes = alone?.sizes ?? Array.from(beside as Uint32Array)
  return { references, vias: Array.isArray(vias) ? [...vias] : new Array(sizes.length).fill(vias), sizes }
}
