import { BridgeFailure, Rejected } from '../../../kernel/plugin.ts'
import { asPulsarError, type PulsarError } from '../client/pulsar-error.ts'

/** What became of the items of one `send`. */
export class Outcome {
  readonly #count: number
  readonly #taken: number[] = []
  readonly #rejections: { index: number; why: Rejected }[] = []
  /** The first failure that is not a rejection; one to be mended before one to be repeated. */
  #failure: PulsarError | undefined

  constructor(count: number) {
    this.#count = count
  }

  take(indexes: readonly number[]): void {
    for (const index of indexes) this.#taken.push(index)
  }

  reject(indexes: readonly number[], why: Rejected): void {
    for (const index of indexes) this.#rejections.push({ index, why })
  }

  /** These were not taken: what that means depends on the error. */
  fail(indexes: readonly number[], error: unknown): 'rejected' | 'repeated' {
    const failure = asPulsarError(error)
    if (failure.wants === 'reject') {
      this.reject(indexes, new Rejected(wordOf(failure.code), failure.message))
      return 'rejected'
    }
    if (this.#failure === undefined || (failure.wants === 'mend' && this.#failure.wants !== 'mend')) {
      this.#failure = failure
    }
    return 'repeated'
  }

  /** Nobody waits for the rest any more; what was taken until then need not come again. */
  cut(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted) throw error
    this.fail([], error)
  }

  /** @throws BridgeFailure unless all of them were taken */
  settle(): void {
    if (this.#taken.length === this.#count) return
    const failure = this.#failure
    throw new BridgeFailure(failure?.message ?? `${this.#rejections.length} messages were not taken`, {
      wants: failure?.wants === 'mend' ? 'mend' : 'repeat',
      taken: this.#taken,
      rejections: this.#rejections,
      cause: failure,
    })
  }
}

/** `TopicNotFound` as the kernel's codes are written: TOPIC_NOT_FOUND. */
export function wordOf(code: string): string {
  return code === code.toUpperCase()
    ? code
    : code
        .replace(/Error$/, '')
        .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
        .toUpperCase()
}
