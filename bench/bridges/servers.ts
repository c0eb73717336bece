import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { BrokerProcess, freePort, onCores } from '../processes.ts'

const program = fileURLToPath(new URL('../../../../dist/server/main.js', import.meta.url))
const openFiles = 10_000

/** The one bridge of a server. */
export interface Bridge {
  readonly to: string
  readonly connection: object
  readonly topic: string
  /** Where messages wait: `buffer.store`. */
  readonly store: 'disk' | 'memory'
  readonly when?: string
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
    const { directory, profile, cores } = this.#options
    const ports = { mqtt: await freePort(), http: await freePort() }
    const name = path.join(directory, `server-${++this.#started}`)
    const configuration = {
      data: name,
      listeners: { mqtt: { port: ports.mqtt } },
      http: { port: ports.http },
      ...(bridge && this.#bridging(bridge)),
    }
    // JSON is YAML.
    writeFileSync(`${name}.yaml`, JSON.stringify(configuration))
    const profiled = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]
    const command = [process.execPath, ...profiled, program, 'start', '--config', `${name}.yaml`]
    return BrokerProcess.start(cores === undefined ? command : onCores(cores, command), ports.mqtt, openFiles)
  }

  #bridging({ to, connection, topic, store, when }: Bridge): object {
    const { filter, delivery } = this.#options
    return {
      connections: { far: { type: to, ...connection } },
      bridges: {
        out: {
          egress: filter,
          to: { connection: 'far', topic, key: `$\{clientid}` },
          delivery,
          buffer: { store },
          ...(when && { when }),
        },
      },
    }
  }
}
