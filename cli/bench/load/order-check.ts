/** Whether each receiver gets each publisher's messages in the order they were sent in; there is none among receivers. */
export class OrderCheck {
  /** The sequence number after the highest that came, by receiver and publisher. */
  readonly #next: Uint32Array
  readonly #publishers: number
  reordered = 0

  constructor(receivers: number, publishers: number) {
    this.#next = new Uint32Array(receivers * publishers)
    this.#publishers = publishers
  }

  take(receiver: number, publisher: number, sequence: number): void {
    const at = receiver * this.#publishers + publisher
    if (sequence < (this.#next[at] ?? 0)) this.reordered += 1
    else this.#next[at] = sequence + 1
  }

  reset(): void {
    this.#next.fill(0)
    this.reordered = 0
  }
}
