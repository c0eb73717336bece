import { systemClock } from '../../kernel/system-clock.ts'
import { version } from '../../kernel/version.ts'
import type { ServerLogger } from '../adapters/pino-logger.ts'
import { addressesOf, banner, connectHint, warningsOf } from '../banner.ts'
import { catalogue } from '../catalogue.ts'
import { compose, resolve, tokens } from '../compose.ts'
import { type ConfigSources, type LoadedConfig, loadConfig, secretTexts } from '../config/index.ts'
import type { Demo } from '../demo/demo.ts'
import { die } from '../die.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { explainFailure } from '../failure.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { ReadConfig } from '../http/open-http.ts'
import type { Server } from '../server.ts'
import { growYoungGeneration, useOf } from '../young-generation.ts'

/** Clients get a second to leave; what is left is making state durable. Past this something hangs. */
const stopTimeoutMs = 60_000
const lingerMs = 2_000

export interface StartOptions {
  /** Processes that serve clients. Default: this one. */
  readonly workers?: number | undefined
  /** With a plant at work. */
  readonly demo?: boolean | undefined
}

/** Serves until a signal ends it; by itself, or by several worker processes. */
export async function start(
  given: Omit<ConfigSources, 'catalogue' | 'environment'>,
  { workers = 1, demo: withDemo = false }: StartOptions = {},
): Promise<ExitCode> {
  growYoungGeneration('clients')
  let loaded: LoadedConfig | undefined
  let logger: ServerLogger | undefined
  let demo: Demo | undefined
  try {
    demo = withDemo ? await (await import('../demo/demo.ts')).Demo.prepare(given.flags ?? {}, systemClock) : undefined
    const sources = demo?.sources ?? given
    const read: ReadConfig = settings =>
      loadConfig({ ...sources, ...(settings && { settings }), catalogue, environment: process.env })
    loaded = await read()
    growYoungGeneration(useOf(loaded.config))
    const container = compose(loaded, workers)
    logger = await resolve(container, tokens.logger)
    const running = logger
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => die(running, event, error))
    const server = await resolve(container, tokens.server)
    // Before anybody is told that it runs: whoever reads that may stop it at once.
    const end = endOf(server, read)
    const { openHttp } = await import('../http/open-http.ts')
    const http = await openHttp(server, resolve(container, tokens.clock), read).catch(async error => {
      await server.close()
      throw error
    })
    const telemetry = await openTelemetry(server)
    greet(server, { http, demo })
    demo?.open(server, http)
    return await stop(server, { http, demo, telemetry, ...(await end) })
  } catch (error) {
    logger?.close()
    await demo?.closeFarSides()
    const { text, exitCode } = explainFailure(
      error,
      loaded && { dataDirectory: loaded.config.data, secrets: secretTexts(loaded) },
    )
    process.stderr.write(`${text}\n`)
    return exitCode
  }
}

interface Beside {
  readonly http: HttpServer | undefined
  readonly demo: Demo | undefined
  /** Sends what waits, and ends. */
  readonly telemetry: (() => Promise<void>) | undefined
}

/** Loaded only where it is wanted. */
async function openTelemetry(server: Server): Promise<Beside['telemetry']> {
  const { telemetry, node } = server.started.config
  if (!telemetry) return undefined
  const { openTelemetry: open } = await import('../telemetry/open-telemetry.ts')
  return open(server, { ...telemetry, node: node.name })
}

function greet(server: Server, { http, demo }: Omit<Beside, 'telemetry'>): void {
  const { kernel, logger, started } = server
  const { config } = started
  for (const warning of warningsOf(kernel.listeners, started)) logger.warn({}, warning)
  const pretty = config.log.format === 'pretty' || (config.log.format === 'auto' && process.stdout.isTTY === true)
  if (pretty) {
    process.stdout.write(banner(server, { http: http?.url, demo: demo?.description }))
    return
  }
  logger.info(
    {
      version,
      node: config.node.name,
      pid: process.pid,
      ...(server.workers && { workers: server.workers.count }),
      data: config.storage.type === 'memory' ? undefined : config.data,
      configuration: started.file,
      listeners: addressesOf(kernel.listeners, started),
      http: http?.url,
      demo: demo?.description,
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
function endOf(server: Server, read: ReadConfig): Promise<End> {
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
async function stop(server: Server, { http, demo, telemetry, reason, exitCode }: End & Beside): Promise<ExitCode> {
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
  await demo?.close()
  await http?.close()
  await server.close()
  await demo?.closeFarSides()
  await telemetry?.()
  logger.info({}, 'stopped')
  logger.close()
  // Nothing is left to do; whatever still keeps the process alive must not make a stop hang.
  setTimeout(() => process.exit(exitCode), lingerMs).unref()
  return exitCode
}
