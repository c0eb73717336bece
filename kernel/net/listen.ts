import { type AddressInfo, createServer, type Server } from 'node:net'
import { BrokerError } from '../contract/errors.ts'
import { portHolder } from './port-holder.ts'

/** Node's own 511 makes a reconnect storm wait for seconds. */
const backlog = 4096

/**
 * Binds a server.
 * @throws BrokerError LISTEN_FAILED with the address, and for a taken port the process that holds it, where that can be seen
 */
export async function listen(
  server: Server,
  name: string,
  { port, host, reusePort }: { port: number; host?: string | undefined; reusePort?: boolean },
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, backlog, ...(host !== undefined && { host }), ...(reusePort && { reusePort }) }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const where = `${host ?? '*'}:${port}`
    throw new BrokerError(
      'LISTEN_FAILED',
      `listener "${name}" cannot listen on ${where}: ${await explain(error, port)}`,
      {
        cause: error,
      },
    )
  }
}

/**
 * Holds a port that nobody else listens on, so that others may bind it once it is released.
 * @throws BrokerError LISTEN_FAILED
 */
export async function reservePort(
  name: string,
  port: number,
  host?: string,
): Promise<{ port: number; release(): Promise<void> }> {
  const server = createServer(socket => socket.destroy())
  await listen(server, name, { port, host })
  const bound = server.address() as AddressInfo
  return { port: bound.port, release: () => new Promise(resolve => server.close(() => resolve())) }
}

async function explain(error: unknown, port: number): Promise<string> {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    const holder = await portHolder(port)
    const by = holder === undefined ? '' : ` by process ${holder.pid} (${holder.command})`
    return `the port is taken${by}; stop it or choose another port`
  }
  if (code === 'EACCES') return 'this user may not bind it; ports below 1024 need a privilege, choose a higher one'
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return message
}
