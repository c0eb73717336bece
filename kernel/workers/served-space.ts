import type { Peer } from '../cluster/bus.ts'
import type { Exchange } from '../contract/access.ts'
import type { Caller, Peer as ClientPeer } from '../contract/connection.ts'
import type { TenantSpace } from '../space.ts'
import { toWorker } from './words.ts'

/** A client's connection in a worker. */
export class ServedCaller implements Caller {
  readonly peer: ClientPeer
  readonly listener: string
  readonly number: number
  /** Spaces it was let into. */
  readonly spaces: number[] = []
  /** The run of challenge and response it is in. */
  exchange: { readonly number: number; readonly run: Exchange } | undefined
  gone = false
  readonly #worker: Peer
  #abort: AbortController | undefined

  constructor(worker: Peer, number: number, peer: ClientPeer, listener: string) {
    this.#worker = worker
    this.number = number
    this.peer = peer
    this.listener = listener
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.gone) this.#abort.abort('the connection is gone')
    }
    return this.#abort.signal
  }

  close(reason: string): void {
    if (this.gone) return
    const frame = this.#worker.begin(toWorker.close)
    frame.varint(this.number)
    frame.string(reason)
  }

  left(): void {
    this.gone = true
    this.#abort?.abort('the connection is gone')
  }
}

/** What a client of a worker can reach. */
export class ServedSpace {
  readonly number: number
  readonly space: TenantSpace
  /** Undefined: the protocol's own. */
  readonly caller: ServedCaller | undefined
  readonly #worker: Peer
  /** Told of what anybody has to wait for. */
  readonly #pressed: (wait: Promise<void>) => void
  #waits = 0

  constructor(
    worker: Peer,
    number: number,
    space: TenantSpace,
    caller: ServedCaller | undefined,
    pressed: (wait: Promise<void>) => void,
  ) {
    this.#pressed = pressed
    this.#worker = worker
    this.number = number
    this.space = space
    this.caller = caller
  }

  /** After each publish: while its publisher has to wait, the worker knows. */
  throttle(bytes: number): void {
    if (!this.caller) return
    const wait = this.space.throttle(bytes)
    if (!wait) return
    if (this.#waits++ === 0) this.#tell(true)
    this.#pressed(wait)
    wait.then(() => {
      if (--this.#waits === 0) this.#tell(false)
    })
  }

  #tell(waits: boolean): void {
    const frame = this.#worker.begin(toWorker.throttle)
    frame.varint(this.number)
    frame.uint8(waits ? 1 : 0)
  }
}
