import type { Operation, SimulatedDisk } from '../support/simulated-disk.ts'
import type { History } from './history.ts'
import type { World } from './world.ts'

const mayFail: ReadonlySet<Operation> = new Set(['write', 'sync', 'truncate', 'rename', 'unlink', 'sync-directory'])

/** What goes wrong with the disk of one life besides its end: it is full for a while, or an operation fails. */
export class Trouble {
  readonly #world: World
  readonly #history: History
  readonly #fills: boolean
  readonly #fails: boolean
  /** Something went wrong in the life that is going on. */
  happened = false
  #over = false

  constructor(world: World, history: History) {
    this.#world = world
    this.#history = history
    this.#fills = world.random.chance(0.35)
    this.#fails = world.random.chance(0.25)
  }

  /** Plans what goes wrong on this disk until it dies. */
  plan(disk: SimulatedDisk): void {
    const { random } = this.#world
    this.happened = false
    if (this.#fails && random.chance(0.4)) this.#fail(disk, random.integer(1, 400))
    if (this.#fills && random.chance(0.2)) this.#fill(disk)
    if (this.#fills) void this.#fillNowAndThen(disk)
  }

  /** From now on nothing goes wrong. */
  end(disk: SimulatedDisk): void {
    this.#over = true
    disk.fault = () => undefined
    this.freed(disk)
  }

  /** There is room again. */
  freed(disk: SimulatedDisk): void {
    disk.capacity = Number.POSITIVE_INFINITY
    const last = this.#history.full.at(-1)
    if (last) last.to ??= this.#history.now
  }

  #fail(disk: SimulatedDisk, after: number): void {
    let left = after
    disk.fault = operation => {
      if (!mayFail.has(operation) || --left !== 0) return undefined
      this.happened = true
      this.#world.trace(`${operation} fails`)
      return 'EIO'
    }
  }

  async #fillNowAndThen(disk: SimulatedDisk): Promise<void> {
    const { random } = this.#world
    while (!disk.dead && !this.#over) {
      await this.#world.sleep(random.integer(200, 3_000))
      if (!disk.dead && !this.#over && disk.capacity === Number.POSITIVE_INFINITY) this.#fill(disk)
    }
  }

  #fill(disk: SimulatedDisk): void {
    const { random } = this.#world
    this.happened = true
    disk.capacity = disk.used + random.integer(0, 2_000)
    this.#history.full.push({ from: this.#history.now, to: undefined })
    this.#world.trace('the disk is full')
    this.#world.after(random.integer(50, 1_500), () => {
      if (disk.dead) return
      this.freed(disk)
      this.#world.trace('there is room')
    })
  }
}
