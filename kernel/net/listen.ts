import type { Server } from 'node:net'
import { BrokerError } from '../contract/errors.ts'
import { portHolder } from './port-holder.ts'

/** Node's own 511 makes a reconnect storm wait for seconds. */
const backlog = 4096

/**
 * Binds a server.
 * @throws BrokerError LISTEN_FAILED with the address, and for a taken port the process that holds it, where that can be seen
 */
export async function listen(server: Server, name: string, port: number, host?: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(host === undefined ? { port, backlog } : { port, host, backlog }, () => {
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
