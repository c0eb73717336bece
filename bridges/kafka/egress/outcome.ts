import { BridgeFailure, Rejected } from '../../../kernel/plugin.ts'

/** What became of each item of one `send`. */
export class Outcome {
  readonly #count: number
  readonly #taken: (readonly number[])[] = []
  #takenCount = 0
  readonly #rejections: { index: number; why: Rejected }[] = []
  #trouble: { message: string; wants: 'repeat' | 'mend'; cause?: unknown } | undefined

  constructor(count: number) {
    this.#count = count
  }

  take(indexes: readonly number[]): void {
    this.#taken.push(indexes)
    this.#takenCount += indexes.length
  }

  reject(indexes: readonly number[], code: string, reason: string): void {
    const why = new Rejected(code, reason)
    for (const index of indexes) this.#rejections.push({ index, why })
  }

  /** The rest is to be repeated; what has to be mended is the more telling reason. */
  fail(message: string, wants: 'repeat' | 'mend', cause?: unknown): void {
    if (this.#trouble === undefined || (wants === 'mend' && this.#trouble.wants === 'repeat')) {
      this.#trouble = { message, wants, cause }
    }
  }

  /** @throws BridgeFailure unless all are taken */
  settle(): void {
    if (this.#takenCount === this.#count) return
    const { message, wants, cause } = this.#trouble ?? { message: 'Kafka refused some', wants: 'repeat' }
    throw new BridgeFailure(message, { wants, taken: this.#taken.flat(), rejections: this.#rejections, cause })
  }
}
