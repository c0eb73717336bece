import type { Kernel } from '../kernel/kernel.ts'
import type { ServerLogger } from './adapters/pino-logger.ts'
import {
  accessOptions,
  bridgingOptions,
  ConfigError,
  type LoadedConfig,
  protocolOptions,
  restartNeeded,
  secretTexts,
} from './config/index.ts'
import type { WorkerProcesses } from './workers/worker-processes.ts'
import { growYoungGeneration, useOf } from './young-generation.ts'

/** What came of a reload. `restart`: keys that changed and that only a restart applies. */
export type Reloaded =
  | { readonly applied: true; readonly restart: readonly string[] }
  | { readonly applied: false; readonly error: unknown }

/** A kernel that runs by a configuration and can take a changed one. */
export class Server {
  readonly kernel: Kernel
  readonly logger: ServerLogger
  /** What the server was started with; all but what a reload applies holds until it ends. */
  readonly started: LoadedConfig
  /** Where other processes serve clients. */
  readonly workers: WorkerProcesses | undefined
  /** What a reload made of it. */
  current: LoadedConfig
  #reading: Promise<unknown> | undefined

  constructor(kernel: Kernel, logger: ServerLogger, started: LoadedConfig, workers?: WorkerProcesses) {
    this.workers = workers
    this.kernel = kernel
    this.logger = logger
    this.started = started
    this.current = started
  }

  /** Users, rules, bans, protocols' options, certificates and the log level, as the configuration has them now. On an error the old state stays. */
  reload(read: () => Promise<LoadedConfig>): Promise<Reloaded> {
    // One after the other: the later one must win.
    const done = (this.#reading ?? Promise.resolve()).then(() => this.#reload(read))
    this.#reading = done
    return done
  }

  /** Before anything is opened that might tell them. Those it was started with stay hidden. */
  hideSecretsOf(next: LoadedConfig): void {
    this.logger.hide(new Set([...secretTexts(this.started), ...secretTexts(next)]))
  }

  async #reload(read: () => Promise<LoadedConfig>): Promise<Reloaded> {
    try {
      const next = await read()
      this.hideSecretsOf(next)
      const reloaded = new Set<string>()
      for (const { plugin, options } of protocolOptions(next))
        if (await this.kernel.reloadProtocol(plugin.name, options)) reloaded.add(plugin.name)
      await this.kernel.reloadAccess(accessOptions(next))
      growYoungGeneration(useOf(next.config))
      await this.kernel.reloadBridges(bridgingOptions(next.config, next.plugins))
      const open = new Set(this.kernel.listeners.map(({ name }) => name))
      for (const [name, tls] of next.certificates.listeners)
        if (open.has(name) && this.started.certificates.listeners.has(name)) this.kernel.replaceTls(name, tls)
      this.workers?.reload(next)
      const restart = restartNeeded(this.started, next, reloaded)
      for (const key of restart) this.logger.warn({ key }, 'changed, but only a restart applies it')
      this.logger.info({}, 'configuration reloaded')
      // Last, so that whoever makes the log quieter still reads what came of it.
      this.logger.level = next.config.log.level
      this.current = next
      return { applied: true, restart }
    } catch (error) {
      if (error instanceof ConfigError)
        for (const { at, path, message } of error.problems) this.logger.error({ at, path }, message)
      this.logger.error(error instanceof ConfigError ? {} : { error }, 'reload failed; the old state stays')
      return { applied: false, error }
    }
  }

  /** Says good-bye to clients, makes everything durable. */
  async close(): Promise<void> {
    this.workers?.stopping()
    await this.kernel.close()
    await this.workers?.ended()
  }
}
