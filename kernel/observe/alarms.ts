import { totalmem } from 'node:os'
import type { Clock } from '../contract/clock.ts'
import type { Events, Logger } from '../contract/observe.ts'

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
  readonly #disk: () => Promise<{ usedBytes: number; freeBytes?: number }>
  readonly #raised = new Map<string, Alarm>()
  #cpu = process.cpuUsage()
  #checkedAt: number
  #cancel: (() => void) | undefined

  constructor(options: {
    clock: Clock
    events: Events
    logger: Logger
    limits: AlarmLimits
    disk: () => Promise<{ usedBytes: number; freeBytes?: number }>
  }) {
    this.#clock = options.clock
    this.#events = options.events
    this.#logger = options.logger
    this.#limits = options.limits
    this.#disk = options.disk
    this.#checkedAt = options.clock.now()
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
    const rss = (process.memoryUsage.rss() / totalmem()) * 100
    this.#judge('memory', rss, memoryPercent)
    const now = this.#clock.now()
    const used = process.cpuUsage(this.#cpu)
    const wallMs = now - this.#checkedAt
    if (wallMs > 0) this.#judge('cpu', ((used.user + used.system) / 1_000 / wallMs) * 100, cpuPercent)
    this.#cpu = process.cpuUsage()
    this.#checkedAt = now
    const { usedBytes, freeBytes } = await this.#disk()
    if (freeBytes !== undefined) this.#judge('disk', (usedBytes / (usedBytes + freeBytes)) * 100, diskPercent)
  }

  #judge(name: string, percent: number, limit: number): void {
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
