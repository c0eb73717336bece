import type { AcknowledgementType } from '../codec/index.ts'

interface OrderHost {
  send(type: AcknowledgementType, packetId: number, reasonCode: number): void
  /** What the acknowledgement says of a publish that reached so many. */
  codeOf(type: AcknowledgementType, reached: number): number
  /** What it says of one that was refused; asked for each. */
  refusalCode(error: unknown): number
}

interface Owed {
  readonly type: AcknowledgementType
  readonly packetId: number
  /** Undefined: as the publish turns out. */
  readonly reasonCode: number | undefined
}

/** What waits for one promise, and what came behind it. */
interface Turn {
  readonly published: Promise<number>
  readonly owed: Owed[]
  /** How many were reached, or why none were. */
  outcome: { readonly reached: number } | { readonly error: unknown } | undefined
}

/** Acknowledgements in the order of their publishes: one that waits for its commit holds up those behind it. */
export class AcknowledgementOrder {
  readonly #host: OrderHost
  #turns: Turn[] = []
  /** Acknowledgements that wait. */
  pending = 0

  constructor(host: OrderHost) {
    this.#host = host
  }

  /** To be sent when it is published, one look at all that wait for the same. */
  after(published: Promise<number>, type: AcknowledgementType, packetId: number): void {
    const last = this.#turns.at(-1)
    this.pending++
    if (last?.published === published) {
      last.owed.push({ type, packetId, reasonCode: undefined })
      return
    }
    const turn: Turn = { published, owed: [{ type, packetId, reasonCode: undefined }], outcome: undefined }
    this.#turns.push(turn)
    published.then(
      reached => this.#done(turn, { reached }),
      error => this.#done(turn, { error }),
    )
  }

  /** To be sent behind what waits. Only while something does. */
  behind(type: AcknowledgementType, packetId: number, reasonCode: number): void {
    this.pending++
    this.#turns.at(-1)?.owed.push({ type, packetId, reasonCode })
  }

  #done(turn: Turn, outcome: Turn['outcome']): void {
    turn.outcome = outcome
    for (let first = this.#turns[0]; first?.outcome !== undefined; first = this.#turns[0]) {
      this.#turns.shift()
      this.pending -= first.owed.length
      for (const { type, packetId, reasonCode } of first.owed) {
        this.#host.send(type, packetId, reasonCode ?? this.#codeOf(type, first.outcome))
      }
    }
  }

  #codeOf(type: AcknowledgementType, outcome: NonNullable<Turn['outcome']>): number {
    return 'reached' in outcome ? this.#host.codeOf(type, outcome.reached) : this.#host.refusalCode(outcome.error)
  }
}
