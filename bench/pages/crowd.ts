import type { Connection, Protocol, ProtocolHost, ProtocolPlugin } from '../../kernel/plugin.ts'

/** What one line asks for, as JSON. */
export interface CrowdSize {
  readonly clients: number
  /** Filters of each client. */
  readonly filters: number
  readonly topics: number
  /** tree: sites, lines, machines and their sensors; flat: all on one level, each with one topic below it. */
  readonly shape: 'tree' | 'flat'
}

/**
 * A protocol whose one connection stands for a crowd: sessions with their filters and retained topics without a socket
 * each, where no machine would open so many.
 */
export const crowd: ProtocolPlugin = {
  kind: 'protocol',
  name: 'crowd',
  api: 1,
  options: {},
  open: async (host): Promise<Protocol> => ({
    serve: async connection => {
      for await (const line of connection.lines(10_000)) {
        await gather(host, connection, JSON.parse(line))
        connection.output.write(Buffer.from('here\n'))
      }
    },
    close: async () => {},
  }),
}

async function gather(
  host: ProtocolHost,
  connection: Connection,
  { clients, filters, topics, shape }: CrowdSize,
): Promise<void> {
  // Of the server that runs, and not of a second copy of its code.
  const { Message } = await import(new URL('../../../../dist/kernel/plugin.js', import.meta.url).href)
  const connectedAt = host.clock.now()
  for (let n = 0; n < clients; n++) {
    // In no order, as clients come.
    const clientId = `device-${String((n * 7_919) % clients).padStart(5, '0')}`
    const { address, port } = connection.peer
    const space = await host.login({ clientId, user: `fleet-${n % 50}`, password: undefined }, connection)
    const session = await space.session(clientId, {
      clean: true,
      expiresAfterMs: 0,
      taken: () => {},
      inspect: () => {
        const { listener } = connection
        return {
          speaks: 'crowd',
          listener,
          address,
          port,
          secure: false,
          connectedAt,
          details: { keepAliveSeconds: 60 },
        }
      },
    })
    const wanted = Array.from({ length: filters }, (_, i) => ({
      filter: `command/${clientId}/${i}`,
      options: { guarantee: i % 2 === 0 ? 0 : 1 } as const,
      replay: 'if-new' as const,
    }))
    await session.bind(wanted, () => {})
  }
  const space = host.system()
  for (let n = 0; n < topics; n++) {
    const payload = Buffer.from(`{"value":${n}}`)
    await space.publish(new Message({ topic: topicOf(shape, n), payload, retain: true, publishedAt: connectedAt }))
    if (n % 1_000 === 0) await new Promise(setImmediate)
  }
}

function topicOf(shape: CrowdSize['shape'], n: number): string {
  if (shape === 'flat') return `device/${(n * 7_919) % 1_000_003}/state`
  return `plant/site-${n % 10}/line-${Math.floor(n / 10) % 100}/machine-${Math.floor(n / 1_000) % 50}/sensor-${Math.floor(n / 50_000)}`
}
