import path from 'node:path'
import { BrokerProcess, freePort, onCores } from '../processes.ts'
import { source } from './commands.ts'

/** The one bridge of a server. */
export interface Bridge {
  readonly to: string
  readonly connection: object
  readonly topic: string
  /** Where messages wait: `buffer.store`. */
  readonly store: 'disk' | 'memory'
}

export interface ServersOptions {
  /** Below it each server has data of its own. */
  readonly directory: string
  readonly filter: string
  /** In place of the bridge's own defaults. */
  readonly delivery: Readonly<Record<string, string>>
  /** Where profiles of them are written. */
  readonly profile: string | undefined
  /** The cores they are kept to, as taskset names them. */
  readonly cores: string | undefined
}

/** Starts the servers that are measured, one for each measurement. */
export class Servers {
  readonly #options: ServersOptions
  #started = 0

  constructor(options: ServersOptions) {
    this.#options = options
  }

  async start(bridge?: Bridge): Promise<BrokerProcess> {
    const { directory, filter, delivery, profile, cores } = this.#options
    const port = await freePort()
    const data = path.join(directory, `data-${++this.#started}`)
    const profiled = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]
    const options = JSON.stringify({ port, data, filter, delivery, bridge })
    const command = [process.execPath, ...profiled, source('server.mjs'), options]
    return BrokerProcess.start(cores === undefined ? command : onCores(cores, command), port, 10_000)
  }
}
