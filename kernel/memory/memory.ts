import type { Clock } from '../contract/clock.ts'
import type { Counter, Counters } from '../contract/observe.ts'
import type { ProcessMemory } from './process-memory.ts'
import { Relief } from './relief.ts'
import { type Pool, Share } from './share.ts'

/** How many times what is free each part may come to. All of them full leave a seventh free. */
const weights = { queues: 2, retained: 2, delayed: 1, output: 0.5, input: 0.5 } as const

export type Part = keyof typeof weights

/** Of what the process may take beyond what it took at the start: the rest is garbage not yet collected, and the heap's gaps. */
const accountedPart = 0.7
/** Of V8's own limit; beyond it the process would end. */
const heapPart = 0.6
const heapGuardPart = 0.85
/** Less than this makes no broker. */
const leastBudgetBytes = 16 * 1024 * 1024
/** Publishers wait when no more than this part of the budget is free, until twice as much is. */
const pressedPart = 1 / 16
/** What lies outside the shares is looked at once so many bytes were published, and this often while publishers wait. */
const lookEveryBytes = 64 * 1024
const lookEveryMs = 100
/** The process's own numbers cost a system call. */
const measureEveryMs = 100
/** V8 is asked to be tidy when the process has come to this part of its limit, until it is back at the other. */
const tidyPart = 5 / 8
const untidyPart = 1 / 2
/** Garbage is collected at the limit, and again when the process has grown by this part of it. */
const collectGrowthPart = 1 / 8
/** As a collection stops everything for tens of milliseconds. */
const collectEveryMs = 1_000
/** What a published message counts for beyond its payload. */
const publishOverheadBytes = 256
/** What one publisher may publish while others wait: who does not publish much is not what fills the memory. */
const modestBytes = 16 * 1024
/** Of the budget, for what peers have sent and could not be taken yet: whoever must wait is not closed instead. */
const inputFloorPart = 1 / 8

/** What a publisher was let off in the time of one relief. */
export interface Modesty {
  relief: Relief | undefined
  bytes: number
}

const alarm = 'memory-limit'
/** The alarm ends when publishers did not have to wait for so long. */
const calmMs = 10_000

/**
 * The one account of what the broker holds in memory. Under a limit each part has a share of what is free
 * (`share.ts`), so floods of what is stored are refused or dropped, each with its reason; and when parts that only
 * time can empty fill up all the same, publishers wait. Nobody waits without end, and nothing that frees memory waits.
 */
export class Memory implements Pool {
  /** Set by what would be relieved if the publisher of this very message waited. */
  pressing: Relief | undefined
  usedBytes = 0
  readonly budgetBytes: number
  readonly parts: Readonly<Record<Part, Share>>
  /** What the process may take; 0: no limit. */
  readonly limitBytes: number
  readonly #clock: Clock
  readonly #process: ProcessMemory
  readonly #delayed: Counter
  readonly #refused: Readonly<Record<'retained' | 'delayed' | 'input', Counter>>
  readonly #others: (() => number)[] = []
  #othersBytes = 0
  #overshootBytes = 0
  #arrivedBytes = 0
  #measuredAt = 0
  #tidy = false
  #collectedAt = Number.NEGATIVE_INFINITY
  #collectedBytes = 0
  #relief: Relief | undefined
  #calmAt = 0
  #cancel: (() => void) | undefined
  /** Set once there is somebody to tell. */
  alarms: { raise(name: string, message: string): void; clear(name: string): void } | undefined

  /** `limitBytes` 0: no limit. `queuedBytes`: the queues' own limit; 0: none. */
  constructor(options: {
    limitBytes: number
    queuedBytes: number
    clock: Clock
    counters: Counters
    process: ProcessMemory
  }) {
    const { limitBytes, queuedBytes, clock, counters, process } = options
    this.limitBytes = limitBytes
    this.#clock = clock
    this.#process = process
    this.budgetBytes = limitBytes > 0 ? budgetOf(limitBytes, process) : Number.POSITIVE_INFINITY
    this.parts = {
      queues: new Share(this, weights.queues, { capBytes: queuedBytes }),
      retained: new Share(this, weights.retained),
      delayed: new Share(this, weights.delayed),
      output: new Share(this, weights.output),
      input: new Share(this, weights.input, { floorBytes: this.budgetBytes * inputFloorPart }),
    }
    this.#delayed = counters.counter('publishes_delayed')
    const refused = (part: Part) => counters.counter('memory_refusals', { part })
    this.#refused = { retained: refused('retained'), delayed: refused('delayed'), input: refused('input') }
    for (const [part, share] of Object.entries(this.parts)) counters.gauge('memory_bytes', () => share.bytes, { part })
    counters.gauge('memory_bytes', () => this.#readOthers(), { part: 'others' })
    counters.gauge('memory_limit_bytes', () => limitBytes)
    counters.gauge('memory_budget_bytes', () => (this.limited ? this.budgetBytes : 0))
  }

  get limited(): boolean {
    return this.limitBytes > 0
  }

  get freeBytes(): number {
    return this.budgetBytes - this.usedBytes
  }

  /** Publishers wait. */
  get pressed(): boolean {
    return this.#relief !== undefined
  }

  /** Counts what nobody draws a share for: connections, sessions, what is being stored. */
  also(read: () => number): void {
    this.#others.push(read)
  }

  /** Counts what was refused for want of memory. */
  refuse(part: 'retained' | 'delayed' | 'input'): void {
    this.#refused[part].value++
  }

  /** To be asked after a message was published: what its publisher has to wait for before more of it is read. */
  wait(bytes: number, modesty?: Modesty): Promise<void> | undefined {
    if (!this.limited) return undefined
    const { pressing } = this
    this.pressing = undefined
    this.#arrivedBytes += bytes + publishOverheadBytes
    if (this.#arrivedBytes >= lookEveryBytes) this.#look()
    const relief = this.#relief ?? pressing
    if (!relief || relief.over) return undefined
    if (modesty && isModest(modesty, relief, bytes + publishOverheadBytes)) return undefined
    this.#delayed.value++
    return relief.promise
  }

  close(): void {
    this.#cancel?.()
    this.#relief?.end()
    this.#relief = undefined
  }

  #look(): void {
    this.#arrivedBytes = 0
    const others = this.#readOthers()
    const overshoot = this.#measure()
    this.usedBytes += others - this.#othersBytes + overshoot - this.#overshootBytes
    this.#othersBytes = others
    this.#overshootBytes = overshoot
    if (this.#relief === undefined) {
      if (this.freeBytes < this.budgetBytes * pressedPart) this.#press()
    } else if (this.freeBytes > 2 * this.budgetBytes * pressedPart) {
      this.#relief.end()
      this.#relief = undefined
      this.#calmAt = this.#clock.now() + calmMs
    } else if (this.#relief.over) this.#relief = new Relief(this.#clock)
  }

  #readOthers(): number {
    let bytes = 0
    for (const read of this.#others) bytes += read()
    return bytes
  }

  /**
   * What the process takes above its limit counts as held: the account may be wrong, the system is not. But only while
   * there is something to be rid of; memory that V8 or the allocator merely keeps must not stop the broker.
   */
  #measure(): number {
    const now = this.#clock.now()
    if (now >= this.#measuredAt && now - this.#measuredAt < measureEveryMs) return this.#overshootBytes
    this.#measuredAt = now
    const rssBytes = this.#collect(now)
    if (this.usedBytes - this.#overshootBytes < this.budgetBytes / 4) return 0
    const { heapLimitBytes } = this.#process
    return Math.max(0, rssBytes - this.limitBytes, this.#process.heapUsedBytes() - heapGuardPart * heapLimitBytes)
  }

  /**
   * V8 lets buffers that nobody refers to any more come to a hundred megabytes before it looks for them. At the limit
   * that is too much: they would count as held.
   */
  #collect(now: number): number {
    const rssBytes = this.#process.rssBytes()
    this.#collectedBytes = Math.min(this.#collectedBytes, rssBytes)
    if (this.#tidied(rssBytes)) return this.#collected(now)
    const grown = Math.max(this.limitBytes, this.#collectedBytes + this.limitBytes * collectGrowthPart)
    if (rssBytes < grown || now - this.#collectedAt < collectEveryMs) return rssBytes
    return this.#collected(now)
  }

  /** True when V8 was asked to be tidy just now: it takes a collection for it to begin with that. */
  #tidied(rssBytes: number): boolean {
    const tidy = rssBytes > this.limitBytes * (this.#tidy ? untidyPart : tidyPart)
    if (tidy === this.#tidy) return false
    this.#tidy = tidy
    this.#process.tidy(tidy)
    return tidy
  }

  #collected(now: number): number {
    this.#process.collect()
    this.#collectedAt = now
    this.#collectedBytes = this.#process.rssBytes()
    return this.#collectedBytes
  }

  #press(): void {
    this.#relief = new Relief(this.#clock)
    this.alarms?.raise(alarm, `the memory limit of ${this.limitBytes} bytes is reached; publishers wait`)
    if (!this.#cancel) this.#watch()
  }

  /** Runs from the first wait until it has been calm for a while: an idle broker has no timer. */
  #watch(): void {
    this.#cancel = this.#clock.after(lookEveryMs, () => {
      this.#cancel = undefined
      this.#look()
      if (this.pressed || this.#clock.now() < this.#calmAt) return this.#watch()
      this.alarms?.clear(alarm)
    })
  }
}

function isModest(modesty: Modesty, relief: Relief, bytes: number): boolean {
  if (modesty.relief !== relief) {
    modesty.relief = relief
    modesty.bytes = 0
  }
  modesty.bytes += bytes
  return modesty.bytes <= modestBytes
}

function budgetOf(limitBytes: number, process: ProcessMemory): number {
  const room = (limitBytes - process.rssBytes()) * accountedPart
  return Math.max(leastBudgetBytes, Math.floor(Math.min(room, process.heapLimitBytes * heapPart)))
}
