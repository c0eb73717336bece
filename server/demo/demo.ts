import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { BrokerError, type Clock } from '../../kernel/plugin.ts'
import { addressesOf } from '../banner.ts'
import type { ConfigSources, Flags } from '../config/index.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Server } from '../server.ts'
import { demoConfiguration } from './configuration.ts'
import { Headquarters } from './headquarters.ts'
import { doPaperwork } from './paperwork.ts'
import { Plant } from './plant.ts'
import { ServiceDesk } from './service-desk.ts'
import { type Passwords, writeUsers } from './users.ts'

/** The configuration of a demo, in its data directory. Where it lies the data is a demo's own. */
const configurationFile = 'demo.yaml'

interface Parts {
  readonly directory: string
  /** Whether the directory is gone after the demo. */
  readonly temporary: boolean
  /** Whether no demo has run here before. */
  readonly fresh: boolean
  readonly passwords: Passwords
  readonly headquarters: Headquarters
  readonly desk: ServiceDesk
  readonly clock: Clock
  readonly flags: Flags
}

/**
 * A small plant in this process, whose devices are clients of the broker like any other: so that whoever looks for the
 * first time sees something. It has a configuration and data of its own and touches no others.
 */
export class Demo {
  readonly sources: Pick<ConfigSources, 'file' | 'flags'>
  readonly #parts: Parts
  #plant: Plant | undefined

  private constructor(parts: Parts) {
    this.#parts = parts
    const { directory, flags } = parts
    this.sources = { file: join(directory, configurationFile), flags: { ...flags, data: directory } }
  }

  /** Makes what must be there before the server starts. @throws BrokerError CONFIG_INVALID for a directory that is not a demo's. */
  static async prepare(flags: Flags, clock: Clock): Promise<Demo> {
    const temporary = flags.data === undefined
    const directory = flags.data === undefined ? temporaryDirectory() : ownDirectory(resolve(flags.data))
    const fresh = !existsSync(join(directory, configurationFile))
    const desk = await ServiceDesk.open()
    const headquarters = await Headquarters.open()
    const text = demoConfiguration({ headquarters: headquarters.url, desk: desk.url })
    writeFileSync(join(directory, configurationFile), text)
    const passwords = await writeUsers(join(directory, 'users'))
    return new Demo({ directory, temporary, fresh, passwords, headquarters, desk, clock, flags })
  }

  /** For the banner. */
  get description(): string {
    const { directory, temporary } = this.#parts
    const data = temporary ? 'its data is gone when you stop it' : `its data stays in ${directory}`
    return `Demo: some two dozen clients play a plant; ${data}. No robustmq.yaml is read.`
  }

  /** Lets the plant work. Devices connect by and by. */
  open(server: Server, http: HttpServer | undefined): void {
    const { passwords, headquarters, clock, fresh } = this.#parts
    const addresses = addressesOf(server.kernel.listeners, server.started)
    const urlOf = (scheme: string) => addresses.find(({ url }) => url.startsWith(`${scheme}://`))?.url
    const tcp = urlOf('mqtt')
    if (tcp === undefined) {
      server.logger.warn({}, 'the demo needs a listener that speaks plain MQTT over tcp; its plant stands still')
      return
    }
    this.#plant = new Plant({ tcp, ws: urlOf('ws') ?? tcp, passwords, headquarters: headquarters.url, clock })
    if (http !== undefined) void doPaperwork(http.url, !fresh, server.logger)
  }

  async close(): Promise<void> {
    await this.#plant?.close()
  }

  /** What the bridges lead to: after the server, whose bridges would complain. */
  async closeFarSides(): Promise<void> {
    await this.#parts.headquarters.close()
    await this.#parts.desk.close()
  }
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'robustmq-demo-'))
  // However the process ends, but for kill -9.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function ownDirectory(directory: string): string {
  mkdirSync(directory, { recursive: true })
  const names = readdirSync(directory)
  if (names.length === 0 || names.includes(configurationFile)) return directory
  throw new BrokerError(
    'CONFIG_INVALID',
    `${directory} has files that no demo made; --demo takes an empty directory, that of an earlier demo, or, without --data, one that is gone afterwards`,
  )
}
