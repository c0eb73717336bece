import { type PublishRate, permits } from '../access/index.ts'
import type { Principal } from '../contract/access.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Message } from '../contract/message.ts'
import type { Session, SessionOptions } from '../contract/session.ts'
import type { Space } from '../contract/space.ts'
import { Deferred } from '../deferred.ts'
import type { OwnerLink } from './owner-link.ts'
import { toOwner } from './words.ts'

/** A space that the owner keeps. Rights are asked on both sides: here at once, there with authority. */
export class RemoteSpace implements Space {
  readonly principal: Principal
  readonly #link: OwnerLink
  readonly #number: number
  /** One connection's own; what tenants and the node may publish is counted by the owner. */
  readonly #rate: PublishRate | undefined
  /** While the owner wants its publisher to wait. */
  #wait: Deferred | undefined
  /** The last publish went to the owner, which counts it against the rates itself. */
  #crossed = true

  constructor(link: OwnerLink, number: number, principal: Principal, rate?: PublishRate) {
    this.#link = link
    this.#number = number
    this.principal = principal
    this.#rate = rate
  }

  publish(message: Message): number | Promise<number> {
    this.#crossed = false
    if (!permits(this.principal, 'publish', message.topic) && !this.#link.traced) {
      const { clientId } = this.principal
      throw new BrokerError('NOT_AUTHORIZED', `client "${clientId}" may not publish to "${message.topic}"`)
    }
    this.#link.checkTopic(message.topic)
    this.#crossed = true
    const frame = this.#link.peer.begin(toOwner.publish)
    frame.varint(this.#number)
    // At guarantee 0 only what a limit may refuse is worth an answer.
    const asks = message.guarantee > 0 || message.retain || message.deliverAt !== undefined
    const published = asks ? this.#link.awaited(frame) : undefined
    if (!published) frame.varint(0)
    this.#link.write(frame, message)
    return published ?? 0
  }

  throttle(bytes: number): Promise<void> | undefined {
    if (!this.#crossed && this.#link.charges) {
      const frame = this.#link.peer.begin(toOwner.charge)
      frame.varint(this.#number)
      frame.varint(bytes)
      this.#crossed = true
    }
    const waitMs = this.#rate?.charge(bytes) ?? 0
    const wait = this.#link.careful ? this.fence().then(() => this.#wait?.promise) : this.#wait?.promise
    const kept = wait ?? this.#link.congested
    return waitMs === 0 ? kept : this.#link.pause(waitMs).then(() => kept)
  }

  fence(): Promise<void> {
    // The owner's being gone ends the connection anyway.
    return this.#link.awaited(this.#link.peer.begin(toOwner.fence)).then(nothing, nothing)
  }

  session(id: string, options: SessionOptions): Promise<Session> {
    return this.#link.openSession(this.#number, id, options)
  }

  /** The owner's word. */
  wait(waits: boolean): void {
    if (waits) this.#wait ??= new Deferred()
    else {
      this.#wait?.resolve()
      this.#wait = undefined
    }
  }
}

function nothing(): void {}
