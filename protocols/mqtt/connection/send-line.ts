/** More packets than this behind one that waits for the disk: nothing more is taken until they are sent. */
const longestLine = 1000

interface Place {
  readonly send: () => void
  ready: boolean
}

/**
 * Keeps packets in their order while one of them waits until its identifier is durable; those behind it wait as well.
 * It exists only as long as there is such a one.
 */
export class SendLine {
  readonly #places: Place[] = []
  #first = 0

  get empty(): boolean {
    return this.#first === this.#places.length
  }

  get full(): boolean {
    return this.#places.length - this.#first >= longestLine
  }

  /** `send` is called by `advance`, when its turn has come: at the earliest when the returned function was called. */
  wait(send: () => void): () => void {
    const place = { send, ready: false }
    this.#places.push(place)
    return () => {
      place.ready = true
    }
  }

  /** `send` is called by `advance`, when its turn has come. */
  follow(send: () => void): void {
    this.#places.push({ send, ready: true })
  }

  /** Sends as far as the first that is not ready; what is sent may add to the line. */
  advance(): void {
    for (let place = this.#places[this.#first]; place?.ready; place = this.#places[this.#first]) {
      this.#first++
      place.send()
    }
  }
}
