import type { Clock } from '../../kernel/plugin.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import type { LoadedConfig, Settings } from '../config/index.ts'
import type { Server } from '../server.ts'
import { HttpServer } from './http-server.ts'

export const standardHttpPort = 8080

/** Reads the configuration as it is now, or as it would be with other settings. */
export type ReadConfig = (settings?: Settings) => Promise<LoadedConfig>

/**
 * The HTTP side as the configuration wants it. Undefined: it wants none, or nobody chose a port and the standard one is
 * taken, which must not keep the broker from serving its clients. @throws BrokerError LISTEN_FAILED, CONFIG_INVALID
 */
export async function openHttp(server: Server, clock: Clock, read: ReadConfig): Promise<HttpServer | undefined> {
  const { config, certificates } = server.started
  const { http, storage, data } = config
  if (!http.enabled) return undefined
  const port = http.port ?? standardHttpPort
  try {
    return await HttpServer.open({
      server,
      clock,
      host: http.host,
      port,
      tls: certificates.http,
      hosts: http.hosts,
      data: storage.type === 'memory' ? undefined : data,
      check: read,
      reload: () => server.reload(read),
      // Not through the log, which others may read for years.
      created: (name, password) =>
        process.stderr.write(
          `The HTTP API and dashboard can be reached from other machines, so whoever uses them must log in.\n` +
            `Name: ${name}   Password: ${password}   (shown this once; change it in the dashboard)\n`,
        ),
    })
  } catch (error) {
    if (http.port !== undefined || !isBrokerError(error, 'LISTEN_FAILED')) throw error
    server.logger.warn({ port }, `${error.message}; the server runs without HTTP API and dashboard: set http.port`)
    return undefined
  }
}
