import type { Kernel } from '../kernel/kernel.ts'
import type { ServerLogger } from './adapters/pino-logger.ts'
import {
  accessOptions,
  ConfigError,
  type LoadedConfig,
  protocolOptions,
  restartNeeded,
  secretTexts,
} from './config/index.ts'

/** A kernel that runs by a configuration and can take a changed one. */
export class Server {
  readonly kernel: Kernel
  readonly logger: ServerLogger
  /** What the server was started with; all but what a reload applies holds until it ends. */
  readonly started: LoadedConfig
  #reading: Promise<void> | undefined

  constructor(kernel: Kernel, logger: ServerLogger, started: LoadedConfig) {
    this.kernel = kernel
    this.logger = logger
    this.started = started
  }

  /** Users, rules, bans, protocols' options, certificates and the log level, as the configuration has them now. On an error the old state stays. */
  reload(read: () => Promise<LoadedConfig>): Promise<void> {
    // One after the other: the later one must win.
    this.#reading = (this.#reading ?? Promise.resolve()).then(() => this.#reload(read))
    return this.#reading
  }

  async #reload(read: () => Promise<LoadedConfig>): Promise<void> {
    try {
      const next = await read()
      this.logger.hide(new Set([...secretTexts(this.started), ...secretTexts(next)]))
      const reloaded = new Set<string>()
      for (const { plugin, options } of protocolOptions(next))
        if (await this.kernel.reloadProtocol(plugin.name, options)) reloaded.add(plugin.name)
      await this.kernel.reloadAccess(accessOptions(next))
      const open = new Set(this.kernel.listeners.map(({ name }) => name))
      for (const [name, tls] of next.certificates)
        if (open.has(name) && this.started.certificates.has(name)) this.kernel.replaceTls(name, tls)
      for (const key of restartNeeded(this.started, next, reloaded))
        this.logger.warn({ key }, 'changed, but only a restart applies it')
      this.logger.info({}, 'configuration reloaded')
      // Last, so that whoever makes the log quieter still reads what came of it.
      this.logger.level = next.config.log.level
    } catch (error) {
      if (error instanceof ConfigError)
        for (const { at, path, message } of error.problems) this.logger.error({ at, path }, message)
      this.logger.error(error instanceof ConfigError ? {} : { error }, 'reload failed; the old state stays')
    }
  }

  /** Says good-bye to clients, makes everything durable. */
  async close(): Promise<void> {
    await this.kernel.close()
  }
}
