import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { portOf, ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { openBrowser } from './browser.ts'
import { Hook } from './hook.ts'
import { settleIn } from './settle-in.ts'
import { Traffic } from './traffic.ts'

/** More of one client, and it is banned. */
export const flappingDisconnects = 8

/** A `robust-server` in a folder of its own. */
export class StandServer {
  readonly url: string
  readonly mqttPort: number
  readonly wsPort: number
  readonly process: ServerProcess
  readonly #folder: string

  private constructor(given: {
    process: ServerProcess
    folder: string
    url: string
    mqttPort: number
    wsPort: number
  }) {
    this.process = given.process
    this.#folder = given.folder
    this.url = given.url
    this.mqttPort = given.mqttPort
    this.wsPort = given.wsPort
  }

  /** `configuration`: of the file beside it. */
  static async start(environment: Readonly<Record<string, string>> = {}, configuration = {}): Promise<StandServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'dashboard-'))
    const data = path.join(folder, 'data')
    await mkdir(data, { mode: 0o700 })
    // JSON is YAML, too.
    await writeFile(path.join(folder, 'robustmq.yaml'), JSON.stringify(configuration))
    // Users that are added while it runs are asked, because there is a file of them from the start.
    await writeFile(path.join(data, 'users'), '', { mode: 0o600 })
    const process = new ServerProcess(['start'], {
      cwd: folder,
      endedBy: 'caller',
      environment: {
        ROBUSTMQ__DATA: data,
        ROBUSTMQ__HTTP__PORT: '0',
        ROBUSTMQ__LISTENERS:
          '{"tcp":{"host":"127.0.0.1","port":0},"ws":{"transport":"ws","host":"127.0.0.1","port":0}}',
        ...environment,
      },
    })
    const ready = await process.line('ready')
    const url = String(ready.http)
    return new StandServer({ process, folder, url, mqttPort: portOf(ready, 'tcp'), wsPort: portOf(ready, 'ws') })
  }

  get port(): string {
    return new URL(this.url).port
  }

  async close(): Promise<void> {
    await this.process.end()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** What all tests of pages share: one server, clients that keep it busy, one browser. */
class Stand {
  #server: StandServer | undefined
  #browser: Browser | undefined
  #context: BrowserContext | undefined
  #traffic: Traffic | undefined
  #hook: Hook | undefined

  async open(): Promise<void> {
    await build()
    this.#hook = await Hook.start()
    this.#server = await StandServer.start(
      {},
      {
        access: { flapping: { disconnects: flappingDisconnects, window: '1h', ban: '1h' } },
        connections: {
          hook: { type: 'http', url: this.#hook.url },
          // Port 9 of this machine takes nobody.
          away: { type: 'http', url: 'http://127.0.0.1:9/' },
        },
        bridges: {
          alarms: { egress: 'alarm/#', to: { connection: 'hook', path: '/${topic}' } },
          nowhere: { egress: 'plant/meter-2/#', to: { connection: 'away' } },
        },
      },
    )
    await settleIn(this.#server.url)
    this.#traffic = await Traffic.start(this.#server.mqttPort)
    this.#browser = await openBrowser()
    this.#context = await this.freshContext({ baseURL: this.#server.url })
  }

  async close(): Promise<void> {
    await this.#browser?.close()
    await this.#traffic?.close()
    await this.#server?.close()
    await this.#hook?.close()
  }

  get server(): StandServer {
    return there(this.#server)
  }

  /** Of most tests: what was loaded once is not loaded again. */
  get context(): BrowserContext {
    return there(this.#context)
  }

  /** For a test that leaves a choice behind. */
  async freshContext(options: BrowserContextOptions): Promise<BrowserContext> {
    const context = await there(this.#browser).newContext({
      locale: 'en-GB',
      colorScheme: 'light',
      // Where an animation ends is what people read.
      reducedMotion: 'reduce',
      ...options,
    })
    context.setDefaultTimeout(60_000)
    return context
  }

  /** Where the bridges lead to. */
  get hook(): Hook {
    return there(this.#hook)
  }

  get traffic(): Traffic {
    return there(this.#traffic)
  }
}

export const stand = new Stand()

function there<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error('the stand is not open')
  return thing
}
