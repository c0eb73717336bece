import type { ServerLogger } from './adapters/pino-logger.ts'
import { exitCodes } from './exit-codes.ts'

/** After a broken invariant nothing can be trusted: what is durable is safe, the rest starts anew. */
export function die(logger: ServerLogger, event: string, error: unknown): never {
  logger.fatal({ event, error }, 'a bug; the process ends')
  logger.close()
  process.exit(exitCodes.bug)
}
