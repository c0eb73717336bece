import { version } from '../../kernel/version.ts'
import type { ServerLogger } from '../adapters/pino-logger.ts'
import { addressesOf, banner, connectHint, warningsOf } from '../banner.ts'
import { catalogue } from '../catalogue.ts'
import { compose, resolve, tokens } from '../compose.ts'
import { type ConfigSources, type LoadedConfig, loadConfig, secretTexts } from '../config/index.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { explainFailure } from '../failure.ts'
import type { Server } from '../server.ts'
import { sizeYoungGeneration } from '../young-generation.ts'

/** Clients get a second to leave; what is left is making state durable. Past this something hangs. */
const stopTimeoutMs = 60_000
const lingerMs = 2_000

/** Serves until a signal ends it. */
export async function start(sources: Omit<ConfigSources, 'catalogue' | 'environment'>): Promise<ExitCode> {
  sizeYoungGeneration()
  const read = (): Promise<LoadedConfig> => loadConfig({ ...sources, catalogue, environment: process.env })
  let loaded: LoadedConfig | undefined
  let logger: ServerLogger | undefined
  try {
    loaded = await read()
    const container = compose(loaded)
    logger = await resolve(container, tokens.logger)
    const running = logger
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => die(running, event, error))
    const server = await resolve(container, tokens.server)
    // Before anybody is told that it runs: whoever reads that may stop it at once.
    const end = endOf(server, read)
    greet(server)
    return await stop(server, await end)
  } catch (error) {
    logger?.close()
    const { text, exitCode } = explainFailure(
      error,
      loaded && { dataDirectory: loaded.config.data, secrets: secretTexts(loaded) },
    )
    process.stderr.write(`${text}\n`)
    return exitCode
  }
}

function greet(server: Server): void {
  const { kernel, logger, started } = server
  const { config } = started
  for (const warning of warningsOf(kernel.listeners, started)) logger.warn({}, warning)
  const pretty = config.log.format === 'pretty' || (config.log.format === 'auto' && process.stdout.isTTY === true)
  if (pretty) {
    process.stdout.write(banner(server))
    return
  }
  logger.info(
    {
      version,
      node: config.node.name,
      pid: process.pid,
      data: config.storage.type === 'memory' ? undefined : config.data,
      configuration: started.file,
      listeners: addressesOf(kernel.listeners, started),
      startedInMs: startedInMs(),
      try: connectHint(kernel.listeners),
    },
    'ready',
  )
}

/** Since Node itself was ready: what of the start is ours. */
function startedInMs(): number {
  return Math.round(performance.now() - performance.nodeTiming.bootstrapComplete)
}

interface End {
  readonly reason: string
  readonly exitCode: ExitCode
}

/** Resolves when the server is to stop. */
function endOf(server: Server, read: () => Promise<LoadedConfig>): Promise<End> {
  return new Promise(finish => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => finish({ reason: signal, exitCode: exitCodes.ok }))
    process.on('SIGHUP', () => void server.reload(read))
    server.kernel.events.on('storage.failed', () =>
      finish({ reason: 'the storage failed', exitCode: exitCodes.failed }),
    )
  })
}

/** Says good-bye to clients and makes everything durable, for as long as nobody insists. */
async function stop(server: Server, { reason, exitCode }: End): Promise<ExitCode> {
  const { logger } = server
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      logger.warn({ signal }, 'a second signal: stopping at once')
      logger.close()
      process.exit(exitCodes.failed)
    })
  logger.info({ reason }, 'stopping; a second signal stops at once')
  setTimeout(() => {
    logger.error({ seconds: stopTimeoutMs / 1_000 }, 'stopping takes too long; gave up')
    logger.close()
    process.exit(exitCodes.failed)
  }, stopTimeoutMs).unref()
  await server.close()
  logger.info({}, 'stopped')
  logger.close()
  // Nothing is left to do; whatever still keeps the process alive must not make a stop hang.
  setTimeout(() => process.exit(exitCode), lingerMs).unref()
  return exitCode
}

/** After a broken invariant nothing can be trusted: what is durable is safe, the rest starts anew. */
function die(logger: ServerLogger, event: string, error: unknown): never {
  logger.fatal({ event, error }, 'a bug; the process ends')
  logger.close()
  process.exit(exitCodes.bug)
}
