import type { Disk } from '../../storage-plugins/file/disk.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { BrokerProcess, type ProcessOptions, type Sizes } from './broker-process.ts'
import { Cast, type Role } from './cast.ts'
import { check } from './check.ts'
import { History } from './history.ts'
import { Trouble } from './trouble.ts'
import { World } from './world.ts'

export interface StoryOptions {
  readonly seen?: (disk: Disk) => Disk
  readonly storage?: ProcessOptions['storage']
  /** Dies once, within this operation of the disk. Default: as the seed decides, several times. */
  readonly deathAt?: number
  readonly onTrace?: (line: string) => void
}

export interface Outcome {
  readonly seed: number
  /** What was promised and not kept; empty: nothing. */
  readonly broken: readonly string[]
  /** The same for the same seed. */
  readonly digest: number
  readonly happenings: number
  readonly deaths: number
  readonly publishes: number
  readonly deliveries: number
  readonly operations: number
}

/** Longer than any delay in it, so that all that is due has happened. */
const longestMs = 20_000

/** One seed: a broker and its clients, from the first start through every crash to the reckoning. */
export async function tell(seed: number, options: StoryOptions = {}): Promise<Outcome> {
  const story = new Story(seed, options)
  return story.tell()
}

class Story {
  readonly #seed: number
  readonly #options: StoryOptions
  readonly #world: World
  readonly #history: History
  readonly #cast: Cast
  readonly #sizes: Sizes
  readonly #trouble: Trouble
  #disk: SimulatedDisk
  #process: BrokerProcess | undefined
  #crashesLeft: number
  /** The process that goes on will die. */
  #doomed = false
  #operations = 0
  #over = false

  constructor(seed: number, options: StoryOptions) {
    this.#seed = seed
    this.#options = options
    const world = new World(seed)
    if (options.onTrace) world.onTrace = options.onTrace
    const { random } = world
    this.#world = world
    this.#history = new History(world)
    this.#disk = new SimulatedDisk(random.integer(1, 2 ** 31))
    this.#sizes = {
      maxInflight: random.integer(2, 8),
      spoolCacheBytes: random.chance(0.5) ? 2_000 : 100_000,
      spoolBlock: random.integer(1, 3),
    }
    this.#crashesLeft = options.deathAt === undefined ? random.integer(1, 4) : 1
    this.#trouble = new Trouble(world, this.#history)
    const broker = () => (this.#process?.serving ? this.#process : undefined)
    this.#cast = new Cast({ world, history: this.#history, broker })
  }

  async tell(): Promise<Outcome> {
    const problems: string[] = []
    try {
      await this.#world.run(() => this.#run(problems))
    } catch (error) {
      problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    const history = this.#history
    return {
      seed: this.#seed,
      broken: [...history.broken, ...problems],
      digest: this.#world.digest >>> 0,
      happenings: this.#world.tick,
      deaths: history.deaths.length,
      publishes: history.sent.length,
      deliveries: history.incarnations.reduce((sum, { deliveries }) => sum + deliveries.length, 0),
      operations: this.#operations + this.#disk.operations,
    }
  }

  async #run(problems: string[]): Promise<void> {
    const lives = this.#live()
    const acts = this.#cast.act()
    // Whoever fails ends the story; what goes on meanwhile is heard of later.
    await Promise.race([lives.then(() => never<void>()), acts.then(() => never<void>()), this.#tellAll()])
    problems.push(...check(this.#history))
    this.#over = true
    await this.#process?.close()
    await lives
  }

  async #tellAll(): Promise<void> {
    const world = this.#world
    if (!(await world.until(() => this.#crashesLeft === 0 && !this.#doomed, 600_000)))
      throw new Error('it does not crash any more')
    await world.sleep(world.random.integer(100, 1_500))
    this.#cast.calm()
    this.#trouble.end(this.#disk)
    const up = await world.until(() => this.#process?.serving === true, 60_000)
    if (!up) throw new Error('it does not start any more')
    await this.#cast.settle()
    await world.sleep(longestMs)
    await this.#cast.probe()
    await world.sleep(3_000)
    await this.#cast.read()
  }

  /** One process after the other, on what the last one left. */
  async #live(): Promise<void> {
    const world = this.#world
    const { random } = world
    while (!this.#over) {
      const { seen, storage } = this.#options
      const process = new BrokerProcess({
        world,
        disk: this.#disk,
        sizes: this.#sizes,
        ...(seen && { seen }),
        ...(storage && { storage }),
      })
      this.#process = process
      this.#planDeath(process)
      if (!this.#cast.calmed) this.#trouble.plan(this.#disk)
      const started = process.start().then(
        () => {
          this.#history.starts.push(this.#history.now)
          world.trace('started')
        },
        error => this.#cannotStart(process, error),
      )
      await Promise.race([started, process.died])
      await process.died
      this.#history.deaths.push(this.#history.now)
      const loss = random.chance(0.7) ? 'power' : 'process'
      world.trace(`died, ${loss} after ${this.#disk.operations}`)
      this.#operations += this.#disk.operations
      this.#trouble.freed(this.#disk)
      this.#disk = this.#disk.crash(loss)
      if (!this.#over) await world.sleep(random.integer(1, 300))
    }
  }

  #cannotStart(process: BrokerProcess, error: unknown): void {
    if (!process.alive) return
    if (!this.#trouble.happened) throw error
    this.#world.trace(`it cannot start: ${error}`)
    process.kill()
  }

  #planDeath(process: BrokerProcess): void {
    const { random } = this.#world
    this.#doomed = this.#crashesLeft > 0
    if (!this.#doomed) return
    this.#crashesLeft--
    const { deathAt } = this.#options
    if (deathAt !== undefined) {
      this.#disk.operationsLeft = deathAt - 1
      return
    }
    const die = random.next()
    // Within an operation of the disk; soon after the start now and then, for a start can be interrupted as well.
    if (die < 0.75) this.#disk.operationsLeft = random.integer(1, random.chance(0.2) ? 40 : 700)
    else if (die < 0.9) this.#world.after(random.integer(1, 4_000), () => process.kill(), process)
    else this.#world.after(random.integer(300, 3_000), () => void process.close(), process)
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}

export type { Role }
