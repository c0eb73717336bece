import type { Rung } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'
import type { Events, Logger } from '../contract/observe.ts'
import type { Alarms } from '../observe/alarms.ts'

/**
 * starting: not yet known whether its far side can be reached. running. degraded: messages wait, for the reason told;
 * it goes on trying. paused: by somebody. failed: it cannot even be begun.
 */
export type BridgeState = 'starting' | 'running' | 'degraded' | 'paused' | 'failed'

/** The ladder is climbed anew for a bridge that stays degraded. */
const lookAgainMs = 60_000

interface StandingHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly events: Events
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>
  /** Climbs the ladder; the rung that failed, if one did. */
  find(): Promise<Rung | undefined>
}

/** How a bridge is: told once when it changes, with an alarm while somebody should look after it. */
export class BridgeStanding {
  readonly #bridge: string
  readonly #host: StandingHost
  #state: BridgeState = 'starting'
  #detail: string | undefined
  #since: number
  #lookedAt: number | undefined
  #looking = false

  constructor(bridge: string, host: StandingHost) {
    this.#bridge = bridge
    this.#host = host
    this.#since = host.clock.now()
  }

  get state(): BridgeState {
    return this.#state
  }

  /** Why it is not running. */
  get detail(): string | undefined {
    return this.#detail
  }

  get since(): number {
    return this.#since
  }

  starting(): void {
    this.#become('starting', undefined)
    this.#look()
  }

  running(): void {
    this.#lookedAt = undefined
    if (this.#state === 'running') return
    this.#become('running', undefined)
  }

  paused(): void {
    this.#become('paused', 'paused by hand')
  }

  failed(why: string): void {
    this.#become('failed', why)
  }

  /** An attempt failed. */
  degraded(why: string): void {
    if (this.#state !== 'degraded') this.#become('degraded', why)
    this.#look()
  }

  /** It is no more. */
  end(): void {
    this.#state = 'paused'
    this.#host.alarms.clear(this.#alarm)
  }

  get #alarm(): string {
    return `bridge.${this.#bridge}`
  }

  #become(state: BridgeState, detail: string | undefined): void {
    const { clock, events, logger, alarms } = this.#host
    const before = this.#state
    if (before === state && this.#detail === detail) return
    this.#state = state
    this.#detail = detail
    if (before !== state) this.#since = clock.now()
    const fields = { bridge: this.#bridge, state, ...(detail !== undefined && { detail }) }
    events.emit('bridge.state', fields)
    const troubled = state === 'degraded' || state === 'failed'
    if (troubled) logger.warn(fields, 'a bridge does not get through; what it should send waits')
    else logger.info(fields, 'the state of a bridge')
    alarms.clear(this.#alarm)
    if (troubled) alarms.raise(this.#alarm, `bridge "${this.#bridge}" is ${state}: ${detail ?? 'unknown'}`)
  }

  /** Finds out what is wrong, at most once in a while. */
  #look(): void {
    const { clock, find, logger } = this.#host
    const now = clock.now()
    if (this.#looking || (this.#lookedAt !== undefined && now - this.#lookedAt < lookAgainMs)) return
    this.#looking = true
    this.#lookedAt = now
    find()
      .then(
        rung => this.#found(rung),
        error => logger.warn({ bridge: this.#bridge, error: String(error) }, 'a bridge could not be tested'),
      )
      .finally(() => {
        this.#looking = false
      })
  }

  #found(rung: Rung | undefined): void {
    if (this.#state !== 'starting' && this.#state !== 'degraded') return
    if (rung) this.#become('degraded', findingOf(rung))
    else if (this.#state === 'starting') this.running()
  }
}

/** One line about the rung that failed. */
export function findingOf({ name, detail, mend }: Rung): string {
  return mend === undefined ? `${name}: ${detail}` : `${name}: ${detail}; ${mend}`
}
