import 'reflect-metadata'
import { type DependencyContainer, instanceCachingFactory, container as rootContainer } from 'tsyringe'
import { createKernel } from '../kernel/index.ts'
import type { Clock } from '../kernel/plugin.ts'
import { systemClock } from '../kernel/system-clock.ts'
import { createOwner } from '../kernel/workers/owner.ts'
import { createLogger, type ServerLogger } from './adapters/pino-logger.ts'
import { kernelOptions, type LoadedConfig, secretTexts } from './config/index.ts'
import { Server } from './server.ts'
import { WorkerProcesses } from './workers/worker-processes.ts'

/** What the server is made of. The type of a token is that of what it resolves to. */
export const tokens = {
  config: token<LoadedConfig>('config'),
  /** Processes that serve clients; 1: this one does. */
  workers: token<number>('workers'),
  clock: token<Clock>('clock'),
  logger: token<Promise<ServerLogger>>('logger'),
  server: token<Promise<Server>>('server'),
}

export type Token<T> = symbol & { readonly resolvesTo?: T }

/** Wires a server; nothing is made before it is resolved, and each thing is made once. */
export function compose(config: LoadedConfig, workers = 1): DependencyContainer {
  const container = rootContainer.createChildContainer()
  container.register(tokens.config, { useValue: config })
  container.register(tokens.workers, { useValue: workers })
  container.register(tokens.clock, { useValue: systemClock })
  container.register(tokens.logger, { useFactory: instanceCachingFactory(makeLogger) })
  container.register(tokens.server, { useFactory: instanceCachingFactory(makeServer) })
  return container
}

export function resolve<T>(container: DependencyContainer, wanted: Token<T>): T {
  return container.resolve<T>(wanted)
}

async function makeLogger(container: DependencyContainer): Promise<ServerLogger> {
  const loaded = resolve(container, tokens.config)
  const { level, format } = loaded.config.log
  const terminal = process.stdout.isTTY === true
  const logger = await createLogger({
    level,
    format: format === 'auto' ? (terminal ? 'pretty' : 'json') : format,
    colour: terminal && process.env.NO_COLOR === undefined,
    clock: resolve(container, tokens.clock),
  })
  logger.hide(secretTexts(loaded))
  return logger
}

async function makeServer(container: DependencyContainer): Promise<Server> {
  const config = resolve(container, tokens.config)
  const logger = await resolve(container, tokens.logger)
  const workers = resolve(container, tokens.workers)
  const options = kernelOptions(config, logger)
  if (workers === 1) return new Server(await createKernel(options), logger, config)
  const owner = await createOwner(options, workers)
  const processes = new WorkerProcesses(owner, config, logger, workers)
  try {
    await processes.start()
  } catch (error) {
    await owner.close()
    throw error
  }
  return new Server(owner, logger, config, processes)
}

function token<T>(name: string): Token<T> {
  return Symbol(name)
}
