import type { Clock } from '../contract/clock.ts'
import type { Events, Logger } from '../contract/observe.ts'
import type { AlarmProbes } from './alarm-probes.ts'

export interface Alarm {
  readonly name: string
  readonly message: string
  readonly raisedAt: number
}

export interface AlarmLimits {
  readonly memoryPercent: number
  readonly cpuPercent: number
  readonly diskPercent: number
}

export const defaultAlarmLimits: AlarmLimits = { memoryPercent: 80, cpuPercent: 90, diskPercent: 90 }

const checkEveryMs = 10_000

/** Conditions that somebody should know of while they last: raised once, cleared once, each told as an event. */
export class Alarms {
  readonly #clock: Clock
  readonly #events: Events
  readonly #logger: Logger
  readonly #limits: AlarmLimits
  readonly #probes: AlarmProbes
  readonly #raised = new Map<string, Alarm>()
  #cancel: (() => void) | undefined

  constructor(options: {
    clock: Clock
    events: Events
    logger: Logger
    limits: AlarmLimits
    probes: AlarmProbes
  }) {
    this.#clock = options.clock
    this.#events = options.events
    this.#logger = options.logger
    this.#limits = options.limits
    this.#probes = options.probes
    this.#plan()
  }

  list(): readonly Alarm[] {
    return [...this.#raised.values()]
  }

  raise(name: string, message: string): void {
    if (this.#raised.has(name)) return
    const alarm = { name, message, raisedAt: this.#clock.now() }
    this.#raised.set(name, alarm)
    this.#logger.warn({ alarm: name }, message)
    this.#events.emit('alarm.raised', { ...alarm })
  }

  clear(name: string): void {
    const alarm = this.#raised.get(name)
    if (!alarm) return
    this.#raised.delete(name)
    this.#logger.info({ alarm: name }, 'the alarm is over')
    this.#events.emit('alarm.cleared', { ...alarm })
  }

  close(): void {
    this.#cancel?.()
  }

  async check(): Promise<void> {
    const { memoryPercent, cpuPercent, diskPercent } = this.#limits
    this.#judge('memory', this.#probes.memory(), memoryPercent)
    this.#judge('cpu', this.#probes.cpu(), cpuPercent)
    this.#judge('disk', await this.#probes.disk(), diskPercent)
  }

  /** What cannot be told leaves the alarm as it is. */
  #judge(name: string, percent: number | undefined, limit: number): void {
    if (percent === undefined) return
    if (percent > limit) this.raise(name, `${name} use is ${percent.toFixed(0)} %, above ${limit} %`)
    else this.clear(name)
  }

  #plan(): void {
    this.#cancel = this.#clock.after(checkEveryMs, () => {
      this.check()
        .catch(error => this.#logger.warn({ error: String(error) }, 'alarms could not be checked'))
        .finally(() => this.#plan())
    })
  }
}
