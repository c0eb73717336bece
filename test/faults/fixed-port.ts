import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Random } from '../support/random.ts'

/**
 * A free port for a server that will be started on it again and again. Below the system's range for outgoing
 * connections: a client that connects to a port of that range while nobody listens can come to be connected to itself.
 */
export async function fixedPort(random: Random): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = random.integer(20_000, 32_000)
    const probe = createServer()
    const free = await new Promise<boolean>(resolve => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
  throw new Error('no port is free')
}
