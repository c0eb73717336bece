import cluster from 'node:cluster'
import { Socket } from 'node:net'
import { SocketPeer } from '../../kernel/cluster/socket-peer.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import { systemClock } from '../../kernel/system-clock.ts'
import { startWorker } from '../../kernel/workers/worker.ts'
import { createLogger, type ServerLogger } from '../adapters/pino-logger.ts'
import { die } from '../die.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { linkDescriptor, type Orders, type OwnerWord, protocolsOf, type WorkerWord } from '../workers/orders.ts'
import { growYoungGeneration } from '../young-generation.ts'

/** Serves clients for the process that started this one, until that says stop or is gone. */
export async function worker(): Promise<ExitCode> {
  if (!process.send) {
    process.stderr.write('error: workers are started by robust-server start --workers\n')
    return exitCodes.usage
  }
  growYoungGeneration('clients')
  // Whoever stops the owner by the terminal or the service manager reaches this process too: the owner says what to do.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  // When the owner is gone there are good-byes to say first.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
  const ordered = new Promise<Orders>(resolve => process.once('message', message => resolve(message as Orders)))
  await tell('hears')
  const orders = await ordered
  const { number, log } = orders
  const logger = await createLogger({ ...log, clock: systemClock, base: { worker: number } })
  logger.hide(new Set(orders.secrets))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => die(logger, event, error))
  process.on('message', (word: OwnerWord) => {
    logger.hide(new Set(word.secrets))
    logger.level = word.level
  })
  const link = new Socket({ fd: linkDescriptor, readable: true, writable: true })
  try {
    return await serve(orders, link, logger)
  } catch (error) {
    await tell({ failed: { code: isBrokerError(error) ? error.code : undefined, message: String(messageOf(error)) } })
    return exitCodes.failed
  } finally {
    logger.close()
    // They would keep this process.
    link.destroy()
    if (process.connected) process.disconnect()
  }
}

async function serve(orders: Orders, link: Socket, logger: ServerLogger): Promise<ExitCode> {
  const { listeners, reusePort } = orders
  const protocols = await protocolsOf(orders)
  let over = (_: ExitCode): void => {}
  const end = new Promise<ExitCode>(resolve => {
    over = resolve
  })
  await startWorker(new SocketPeer('owner', link), {
    protocols,
    listeners,
    reusePort,
    logger,
    ended: (how, reason) => {
      if (how === 'lost') logger.error({ reason }, 'the process that owns the broker is gone; clients were cut off')
      over(how === 'lost' ? exitCodes.failed : exitCodes.ok)
    },
  })
  return await end
}

function tell(word: WorkerWord): Promise<void> {
  return new Promise(resolve => (process.send ? process.send(word, undefined, {}, () => resolve()) : resolve()))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
