const leastSlots = 16

/**
 * What is open under numbers that are given out one after the other and mostly come back in that order: a number's low
 * bits find its slot, and when two open ones meet, the slots are doubled. Nothing is hashed and nothing is left behind.
 */
export class Numbered<Value> {
  #numbers: number[] = new Array(leastSlots).fill(0)
  #values: (Value | undefined)[] = new Array(leastSlots).fill(undefined)
  #last = 0
  size = 0

  /** Returns the number it is now open under: 1 or more. */
  add(value: Value): number {
    const number = ++this.#last
    while (this.#values[number & (this.#values.length - 1)] !== undefined) this.#double()
    const slot = number & (this.#values.length - 1)
    this.#numbers[slot] = number
    this.#values[slot] = value
    this.size++
    return number
  }

  /** Takes it out. Undefined: it is not open. */
  take(number: number): Value | undefined {
    const slot = number & (this.#values.length - 1)
    if (this.#numbers[slot] !== number) return undefined
    const value = this.#values[slot]
    if (value === undefined) return undefined
    this.#values[slot] = undefined
    this.size--
    return value
  }

  get(number: number): Value | undefined {
    const slot = number & (this.#values.length - 1)
    return this.#numbers[slot] === number ? this.#values[slot] : undefined
  }

  /** Takes all of them out. */
  drain(): Value[] {
    const all = this.#values.filter(value => value !== undefined)
    this.#values.fill(undefined)
    this.size = 0
    return all
  }

  #double(): void {
    const numbers = this.#numbers
    const values = this.#values
    const slots = values.length * 2
    this.#numbers = new Array(slots).fill(0)
    this.#values = new Array(slots).fill(undefined)
    for (const [i, value] of values.entries()) {
      const number = numbers[i] as number
      if (value === undefined) continue
      this.#numbers[number & (slots - 1)] = number
      this.#values[number & (slots - 1)] = value
    }
  }
}
