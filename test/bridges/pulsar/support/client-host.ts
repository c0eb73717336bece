import { Cluster } from '../../../../bridges/pulsar/client/cluster.ts'
import { type ClientHost, type ClientSettings, readServiceUrl } from '../../../../bridges/pulsar/client/settings.ts'
import type { Clock, Logger } from '../../../../kernel/plugin.ts'

const quiet = () => {}
export const silent: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** Real time, for tests against real servers. */
export const realClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

export const realHost: ClientHost = { clock: realClock, logger: silent, version: 'test' }

/** The client, on a server at `url`. */
export function clusterAt(
  url: string,
  more: Partial<ClientSettings> = {},
  host: ClientHost = realHost,
): Cluster & Disposable {
  const { secure, service } = readServiceUrl(url)
  const tls = secure ? {} : undefined
  const cluster = new Cluster({ service, tls, connectMs: 10_000, requestMs: 30_000, ...more }, host)
  return Object.assign(cluster, { [Symbol.dispose]: () => cluster.close() })
}

/** For calls that nothing ends early. */
export const forever = new AbortController().signal
