import type { Peer } from '../cluster/bus.ts'
import type { FrameWriter } from '../cluster/frame-writer.ts'
import type { Message } from '../contract/message.ts'
import type { Via } from '../contract/queue.ts'
import { writeCrossing } from './crossing-message.ts'
import type { ServedSession } from './served-session.ts'
import { deliveryForm, toWorker } from './words.ts'

/** Messages on their way to one worker: each crosses once for all its clients there that get it in the same turn. */
export class Deliveries {
  /** Sessions that wait for the worker to keep up. */
  heldUp: ServedSession[] = []
  readonly #peer: Peer
  /** The message whose frame is open. */
  #open: Message | undefined
  #frame: FrameWriter | undefined
  #frameNumber = -1

  constructor(peer: Peer) {
    this.#peer = peer
  }

  add(message: Message, session: number, form: number, note: number, via: Via): void {
    let frame = this.#frame
    if (!frame || this.#open !== message || frame.frames !== this.#frameNumber) {
      frame = this.#peer.begin(toWorker.deliver)
      writeCrossing(frame, message)
      this.#open = message
      this.#frame = frame
      this.#frameNumber = frame.frames
    }
    frame.varint(session)
    frame.varint(form)
    if (note !== 0) frame.varint(note)
    if ((form & deliveryForm.newVia) === 0) return
    frame.uint8(via.guarantee)
    frame.uint8(via.replay ? 1 : 0)
    frame.string(JSON.stringify(via.bindings.map(({ options }) => ({ options }))))
  }

  /** The turn is over: a message object that comes again may be lent other bytes. */
  turnEnded(): void {
    this.#open = undefined
  }

  drained(): void {
    const sessions = this.heldUp
    this.heldUp = []
    for (const session of sessions) session.workerDrained()
  }
}
