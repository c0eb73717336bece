/** No record, and no record behind this one. */
export const none = -1

const leastRecords = 8

/** What comes first in each record: the next record of its bucket. */
const nextAt = 0
const ownFields = 1

/**
 * Records of a few integers, found by a hash: those of one bucket in a chain. A record is a number and its fields lie
 * side by side, so that a look at it is a look at one place of memory. With each record that is added one bucket is
 * divided in two, so nobody ever waits until all of them are moved. (W. Litwin, "Linear hashing", 1980.)
 */
export class HashedRecords {
  readonly #width: number
  readonly #hashOf: (record: number) => number
  #fields: Int32Array<ArrayBuffer>
  /** The first record of each bucket. */
  #heads = new Int32Array(leastRecords).fill(none)
  #buckets = 1
  /** Of the least power of two that all buckets fit into. */
  #mask = 0
  #count = 0
  /** Numbers given out so far, and those among them that are free again. */
  #given = 0
  #free: number[] = []

  /** `fields`: how many each record has. `hashOf`: the hash it was added under, which they tell. */
  constructor(fields: number, hashOf: (record: number) => number) {
    this.#hashOf = hashOf
    this.#width = ownFields + fields
    this.#fields = new Int32Array(this.#width * leastRecords)
  }

  get(record: number, field: number): number {
    return this.#fields[record * this.#width + ownFields + field] as number
  }

  set(record: number, field: number, value: number): void {
    this.#fields[record * this.#width + ownFields + field] = value
  }

  /** The first record that may have this hash, or `none`: whoever looks for one compares what it is. */
  first(hash: number): number {
    return this.#heads[this.#bucketOf(hash)] as number
  }

  /** The next one that may have the same hash, or `none`. */
  next(record: number): number {
    return this.#fields[record * this.#width + nextAt] as number
  }

  /** A new record under this hash, all its fields 0: they are to be set before the next one is added. */
  add(hash: number): number {
    if (this.#count === this.#buckets) this.#divide()
    this.#count++
    const record = this.#free.pop() ?? this.#given++
    const at = record * this.#width
    this.#fields = roomFor(this.#fields, at + this.#width)
    this.#fields.fill(0, at, at + this.#width)
    this.#link(record, this.#bucketOf(hash))
    return record
  }

  /** Its number may be the next one given out. */
  remove(record: number): void {
    const bucket = this.#bucketOf(this.#hashOf(record))
    const next = this.#fields[record * this.#width + nextAt] as number
    let before = none
    for (let at = this.#heads[bucket] as number; at !== record; ) {
      before = at
      at = this.#fields[at * this.#width + nextAt] as number
    }
    if (before === none) this.#heads[bucket] = next
    else this.#fields[before * this.#width + nextAt] = next
    this.#count--
    this.#free.push(record)
  }

  #bucketOf(hash: number): number {
    const bucket = hash & this.#mask
    return bucket < this.#buckets ? bucket : bucket & (this.#mask >> 1)
  }

  #link(record: number, bucket: number): void {
    this.#fields[record * this.#width + nextAt] = this.#heads[bucket] as number
    this.#heads[bucket] = record
  }

  #divide(): void {
    const added = this.#buckets++
    if (added > this.#mask) this.#mask = 2 * this.#mask + 1
    this.#heads = roomFor(this.#heads, this.#buckets)
    const divided = added & (this.#mask >> 1)
    let record = this.#heads[divided] as number
    this.#heads[divided] = this.#heads[added] = none
    while (record !== none) {
      const next = this.#fields[record * this.#width + nextAt] as number
      this.#link(record, this.#bucketOf(this.#hashOf(record)))
      record = next
    }
  }
}

/** The array itself where it is long enough, else a copy with twice the room. */
export function roomFor(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array
  const larger = new Int32Array(Math.max(2 * array.length, length))
  larger.set(array)
  return larger
}
