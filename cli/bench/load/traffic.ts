import type { Client } from './client.ts'
import { Histogram } from './histogram.ts'
import { Metronome } from './metronome.ts'
import type { OrderCheck } from './order-check.ts'
import { stampBytes } from './packets.ts'
import type { Publisher } from './publisher.ts'
import type { StreamCheck } from './stream-check.ts'

/** Without any progress for this long, what has not arrived counts as lost. */
const stallMs = 10_000
/** How many messages that are due are sent before what arrived is read. */
const duePerTurn = 4096
const startMs = 200

export interface Phase {
  /** Publishing ends then; without it by `messages` alone. */
  readonly timeMs?: number
  /** Of each publisher. */
  readonly messages?: number
  /** Messages a second of all together; without it as fast as the windows allow. */
  readonly rate?: number
}

export interface TrafficOptions {
  /** Receivers of each message, as far as they are waited for; 0: only acknowledgements are. */
  readonly receivers: number
  readonly acknowledged: boolean
  /** The stream of what this receiver gets of that publisher. */
  readonly streamOf: (receiver: Client, publisher: number) => StreamCheck | undefined
  readonly order: OrderCheck
}

/** Publishers and receivers at work. Everything that was read in a turn is answered at its end, each socket once. */
export class Traffic {
  readonly publishers: readonly Publisher[]
  latency = new Histogram()
  received = 0
  /** Payloads that are none of ours. */
  errors = 0
  readonly #options: TrafficOptions
  #marked: Publisher[] = []
  #filling: Publisher[] = []
  #scheduled = false
  #acknowledged = 0
  #sent = 0
  #limit = 0
  #publishing = false
  #lastAt = 0
  #check: (() => void) | undefined

  constructor(publishers: readonly Publisher[], options: TrafficOptions) {
    this.publishers = publishers
    this.#options = options
  }

  get sent(): number {
    return this.#sent
  }

  get acknowledgedCount(): number {
    return this.#acknowledged
  }

  reset(): void {
    for (const publisher of this.publishers) publisher.reset()
    this.#options.order.reset()
    this.latency = new Histogram()
    this.received = this.#sent = this.#acknowledged = 0
  }

  onReceived(receiver: Client, bytes: Buffer, at: number, end: number): void {
    const publisher = end - at < stampBytes ? undefined : this.publishers[bytes.readUInt32LE(at + 8)]
    const stream = publisher && this.#options.streamOf(receiver, publisher.client.index)
    if (publisher === undefined || stream === undefined) {
      this.errors += 1
      return
    }
    const sequence = bytes.readUInt32LE(at + 12)
    if (!stream.take(sequence)) return
    this.#options.order.take(receiver.index, publisher.client.index, sequence)
    this.received += 1
    publisher.delivered += 1
    this.#lastAt = receiver.arrivedAtMs
    this.latency.add(this.#lastAt * 1000 - bytes.readDoubleLE(at))
    this.#mark(publisher)
  }

  onAcknowledged(client: Client, packetId: number): void {
    const publisher = this.publishers[client.index]
    if (publisher === undefined) return
    const sentAtUs = publisher.acknowledge(packetId)
    if (sentAtUs !== undefined) this.latency.add(client.arrivedAtMs * 1000 - sentAtUs)
    this.#acknowledged += 1
    this.#mark(publisher)
  }

  /** Publishes, then waits for what is under way. Resolves with the milliseconds to the last arrival. */
  run({ timeMs = Number.POSITIVE_INFINITY, messages = Number.POSITIVE_INFINITY, rate }: Phase): Promise<number> {
    // A schedule begins when the thread that keeps it has started.
    const begin = performance.now() + (rate === undefined ? 0 : startMs)
    this.#limit = rate === undefined ? messages : 0
    this.#publishing = true
    this.#lastAt = begin
    let progress = -1
    let progressAt = begin
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearInterval(heartbeat)
        this.#publishing = false
        this.#check = undefined
        const elapsed = this.#lastAt - begin
        resolve(elapsed > 0 ? elapsed : performance.now() - begin)
      }
      const check = (): void => {
        const now = performance.now()
        const state = this.received + this.#acknowledged
        if (state !== progress) progressAt = now
        progress = state
        if (now - begin >= timeMs || this.#sent >= messages * this.publishers.length) this.#publishing = false
        if ((!this.#publishing && this.#settled()) || now - progressAt > stallMs) finish()
      }
      this.#check = check
      const heartbeat = setInterval(() => {
        for (const publisher of this.publishers) this.#mark(publisher)
        check()
      }, 20)
      for (const publisher of this.publishers) this.#mark(publisher)
      if (rate !== undefined) this.#publishOnSchedule(begin, 1000 / rate).catch(reject)
    })
  }

  /** Resolves when `count` messages have arrived in all, or no more do. */
  arrival(count: number): Promise<void> {
    let last = -1
    let lastAt = performance.now()
    return new Promise(resolve => {
      const end = (): void => {
        clearInterval(heartbeat)
        this.#check = undefined
        resolve()
      }
      const heartbeat = setInterval(() => {
        const now = performance.now()
        if (this.received !== last) lastAt = now
        last = this.received
        if (now - lastAt > stallMs) end()
      }, 20)
      this.#check = () => {
        if (this.received >= count) end()
      }
      setImmediate(this.#fill)
    })
  }

  #settled(): boolean {
    const { receivers, acknowledged } = this.#options
    return this.received >= this.#sent * receivers && (!acknowledged || this.#acknowledged >= this.#sent)
  }

  async #publishOnSchedule(beginMs: number, intervalMs: number): Promise<void> {
    let due = 0
    const metronome = await Metronome.start(intervalMs, () => {
      if (!this.#publishing) metronome.stop()
      const now = performance.now()
      for (let count = 0; this.#publishing && count < duePerTurn && beginMs + due * intervalMs <= now; count += 1) {
        this.publishers[due % this.publishers.length]?.publish((beginMs + due * intervalMs) * 1000)
        due += 1
        this.#sent += 1
      }
    })
  }

  #mark(publisher: Publisher): void {
    if (publisher.marked) return
    publisher.marked = true
    this.#marked.push(publisher)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#fill)
  }

  readonly #fill = (): void => {
    this.#scheduled = false
    const batch = this.#marked
    this.#marked = this.#filling
    this.#filling = batch
    for (const publisher of batch) {
      publisher.marked = false
      if (this.#publishing) this.#sent += publisher.fill(this.#limit)
    }
    batch.length = 0
    this.#check?.()
  }
}
