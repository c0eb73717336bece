/** Counts of durations in buckets that are less than 1 % wide; from 1/16 µs to 134 s. */
export class Histogram {
  readonly #counts = new Uint32Array(32 << precision)
  #total = 0
  #maxUs = 0

  add(us: number): void {
    const index = indexOf(us * unitsPerUs)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total += 1
    if (us > this.#maxUs) this.#maxUs = us
  }

  get maxUs(): number {
    return this.#maxUs
  }

  /** The duration that the share `q` of all stays below, µs; 0 without any. */
  quantileUs(q: number): number {
    const wanted = Math.min(Math.floor(q * this.#total), this.#total - 1)
    let seen = 0
    for (let index = 0; index < this.#counts.length; index += 1) {
      seen += this.#counts[index] ?? 0
      if (seen > wanted) return Math.min(lowestOf(index) / unitsPerUs, this.#maxUs)
    }
    return this.#maxUs
  }
}

const precision = 7
const unitsPerUs = 16
const largest = 2 ** 31 - 1

/** Within each power of two, `2 ** precision` buckets. */
function indexOf(units: number): number {
  const value = Math.min(Math.max(units, 0), largest) | 0
  if (value < 1 << precision) return value
  const exponent = 31 - Math.clz32(value)
  return ((exponent - precision + 1) << precision) + ((value >> (exponent - precision)) & ((1 << precision) - 1))
}

function lowestOf(index: number): number {
  const exponent = index >> precision
  const mantissa = index & ((1 << precision) - 1)
  return exponent === 0 ? mantissa : (mantissa + (1 << precision)) * 2 ** (exponent - 1)
}
