import { Client, type ClientOptions, type ClientOwner } from '../../cli/bench/load/client.ts'
import type { OutBuffer } from '../../cli/bench/load/link.ts'

export interface IdleOptions {
  readonly port: number
  readonly keepAliveS: number
  readonly out: OutBuffer
}

/** Clients of which each has a subscription of its own and publishes nothing. */
export function idleClients(count: number, options: IdleOptions, owner: ClientOwner): Client[] {
  const wire: Omit<ClientOptions, 'clientId' | 'filters'> = {
    ...options,
    transport: 'tcp',
    version: 4,
    clean: true,
    qos: 0,
  }
  return Array.from(
    { length: count },
    (_, index) => new Client(index, { ...wire, clientId: `b-i${index}`, filters: [`b/dev/${index}/cmd`] }, owner),
  )
}
