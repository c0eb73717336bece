import type { AcknowledgementType } from '../codec/index.ts'
import { reason, reasonOf } from '../reason-codes.ts'

type Send = (type: AcknowledgementType, packetId: number, reasonCode: number) => void

interface Owed {
  readonly type: AcknowledgementType
  readonly packetId: number
  /** Undefined: as the commit turns out. */
  readonly reasonCode: number | undefined
}

/** What waits for one commit, and what came behind it. */
interface Turn {
  readonly commit: Promise<void>
  readonly owed: Owed[]
  outcome: number | undefined
}

/** Acknowledgements in the order of their publishes: one that waits for its commit holds up those behind it. */
export class AcknowledgementOrder {
  readonly #send: Send
  #turns: Turn[] = []
  /** Acknowledgements that wait. */
  pending = 0

  constructor(send: Send) {
    this.#send = send
  }

  /** To be sent when the commit is done, one look at all that wait for the same. */
  after(commit: Promise<void>, type: AcknowledgementType, packetId: number): void {
    const last = this.#turns.at(-1)
    this.pending++
    if (last?.commit === commit) {
      last.owed.push({ type, packetId, reasonCode: undefined })
      return
    }
    const turn: Turn = { commit, owed: [{ type, packetId, reasonCode: undefined }], outcome: undefined }
    this.#turns.push(turn)
    commit.then(
      () => this.#done(turn, reason.success),
      error => this.#done(turn, reasonOf(error)),
    )
  }

  /** To be sent behind what waits. Only while something does. */
  behind(type: AcknowledgementType, packetId: number, reasonCode: number): void {
    this.pending++
    this.#turns.at(-1)?.owed.push({ type, packetId, reasonCode })
  }

  #done(turn: Turn, outcome: number): void {
    turn.outcome = outcome
    for (let first = this.#turns[0]; first?.outcome !== undefined; first = this.#turns[0]) {
      this.#turns.shift()
      this.pending -= first.owed.length
      for (const { type, packetId, reasonCode } of first.owed) this.#send(type, packetId, reasonCode ?? first.outcome)
    }
  }
}
