import type { Clock } from '../contract/clock.ts'
import { isBrokerError } from '../contract/errors.ts'
import type { Events } from '../contract/observe.ts'
import type { Table } from '../contract/table.ts'
import type { Alarms } from './alarms.ts'

const alarm = 'storage-full'
const tryAgainEveryMs = 10_000

/**
 * The alarm of a full disk: raised by whatever could not be stored, cleared by whatever can. While it is raised
 * something small is stored from time to time, so that the alarm ends with the shortage and not with the next publish.
 */
export class StorageRoom {
  readonly #alarms: Pick<Alarms, 'raise' | 'clear'>
  readonly #clock: Clock
  #cancel: (() => void) | undefined
  /** Stores something small. */
  attempt: () => Promise<unknown> = () => Promise.resolve()

  constructor(alarms: Pick<Alarms, 'raise' | 'clear'>, clock: Clock, events: Events) {
    this.#alarms = alarms
    this.#clock = clock
    events.on('alarm.raised', ({ name }) => {
      if (name === alarm) this.#plan()
    })
    events.on('alarm.cleared', ({ name }) => {
      if (name === alarm) this.close()
    })
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  watch(stored: Promise<unknown>): void {
    stored.then(
      () => this.#alarms.clear(alarm),
      error => {
        if (isBrokerError(error, 'STORAGE_FULL'))
          this.#alarms.raise(alarm, `what must be stored is refused: ${error.message}`)
      },
    )
  }

  /** The same table, watched. */
  table(table: Table): Table {
    return {
      get size() {
        return table.size
      },
      get: key => table.get(key),
      range: (from, to) => table.range(from, to),
      write: (changes, expect) => {
        const written = table.write(changes, expect)
        this.watch(written)
        return written
      },
    }
  }

  #plan(): void {
    this.#cancel = this.#clock.after(tryAgainEveryMs, () => {
      this.attempt().catch(() => {
        if (this.#cancel) this.#plan()
      })
    })
  }
}
