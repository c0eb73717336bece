/** What a block holds at most; the first of a queue begins with a few, for most queues are short. */
const blockEntries = 1024
const firstEntries = 8

/** As a size: the reference is done. No record is as large. */
const settled = 0xffff_ffff

/** References of ascending offsets in arrays of numbers: 16 bytes each. */
class Block {
  offsets: Float64Array
  /** Pairs: the number of the via, and the size. */
  rest: Uint32Array
  length = 0

  constructor(entries: number) {
    this.offsets = new Float64Array(entries)
    this.rest = new Uint32Array(2 * entries)
  }

  get first(): number {
    return this.offsets[0] as number
  }

  get last(): number {
    return this.offsets[this.length - 1] as number
  }

  /** The place of the first offset that is not below this one. */
  find(offset: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.offsets[middle] as number) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  insert(at: number, offset: number, via: number, size: number): void {
    if (this.length === this.offsets.length) this.#grow()
    this.offsets.copyWithin(at + 1, at, this.length)
    this.rest.copyWithin(2 * at + 2, 2 * at, 2 * this.length)
    this.offsets[at] = offset
    this.rest[2 * at] = via
    this.rest[2 * at + 1] = size
    this.length++
  }

  /** Moves the second half to a block of its own. */
  split(): Block {
    const half = this.length >>> 1
    const second = new Block(blockEntries)
    second.offsets.set(this.offsets.subarray(half, this.length))
    second.rest.set(this.rest.subarray(2 * half, 2 * this.length))
    second.length = this.length - half
    this.length = half
    return second
  }

  #grow(): void {
    const { offsets, rest } = this
    this.offsets = new Float64Array(2 * offsets.length)
    this.offsets.set(offsets)
    this.rest = new Uint32Array(2 * rest.length)
    this.rest.set(rest)
  }
}

export interface ReturningReference {
  readonly offset: number
  /** The number under which it was added. */
  readonly via: number
  readonly size: number
}

/**
 * The references of one queue while the log is read: nearly always added at the end, and found again by halving. Ten
 * million take 160 MB and nothing that a garbage collector has to look at one by one.
 */
export class ReturningReferences {
  readonly #blocks: Block[] = []

  /** False when the offset is here already, done or not. */
  add(offset: number, via: number, size: number): boolean {
    let block = this.#blocks.at(-1)
    if (block && offset <= block.last) return this.#insert(offset, via, size)
    if (!block || block.length === blockEntries) {
      block = new Block(block ? blockEntries : firstEntries)
      this.#blocks.push(block)
    }
    block.insert(block.length, offset, via, size)
    return true
  }

  /** True until it is done. */
  has(offset: number): boolean {
    const block = this.#blockOf(offset)
    if (!block) return false
    const at = block.find(offset)
    return block.offsets[at] === offset && at < block.length && block.rest[2 * at + 1] !== settled
  }

  /** False when it is not here, or done already. */
  settle(offset: number): boolean {
    if (!this.has(offset)) return false
    const block = this.#blockOf(offset) as Block
    block.rest[2 * block.find(offset) + 1] = settled
    return true
  }

  /** What is not done, oldest first. Each block is given up when its last entry was taken. */
  *take(): Generator<ReturningReference> {
    this.#blocks.reverse()
    for (let block = this.#blocks.pop(); block; block = this.#blocks.pop()) {
      for (let i = 0; i < block.length; i++) {
        const size = block.rest[2 * i + 1] as number
        if (size === settled) continue
        yield { offset: block.offsets[i] as number, via: block.rest[2 * i] as number, size }
      }
    }
  }

  /** Only what was moved here from a group, or written again, is older than what came last. */
  #insert(offset: number, via: number, size: number): boolean {
    const index = this.#indexOf(offset)
    let block = this.#blocks[index] as Block
    if (block.length === blockEntries) {
      const second = block.split()
      this.#blocks.splice(index + 1, 0, second)
      if (offset >= second.first) block = second
    }
    const at = block.find(offset)
    if (at < block.length && block.offsets[at] === offset) return false
    block.insert(at, offset, via, size)
    return true
  }

  #blockOf(offset: number): Block | undefined {
    return this.#blocks[this.#indexOf(offset)]
  }

  /** The last block that begins at or before an offset; the first one when none does. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#blocks[middle] as Block).first <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}
