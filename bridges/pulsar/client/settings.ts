import type { ConnectionOptions } from 'node:tls'
import type { Clock, Logger } from '../../../kernel/plugin.ts'
import { PulsarError } from './pulsar-error.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ClientSettings {
  /** Where lookups begin; one after the other is tried. */
  readonly service: readonly Address[]
  /** Undefined for `pulsar://`. */
  readonly tls?: ConnectionOptions | undefined
  /** The name that every broker's certificate bears. Default: the host that is connected to. */
  readonly servername?: string | undefined
  readonly token?: string | undefined
  /** How long a connection and its login may take, ms. */
  readonly connectMs: number
  /** How long a broker may take for an answer, ms. */
  readonly requestMs: number
}

/** What the client needs of the broker that it runs in. */
export interface ClientHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly version: string
}

const ports = { pulsar: 6650, 'pulsar+ssl': 6651 } as const

/** `pulsar://a:6650,b:6650`: its scheme and where it points. @throws PulsarError UNSUPPORTED */
export function readServiceUrl(url: string): { readonly secure: boolean; readonly service: readonly Address[] } {
  const match = /^(pulsar|pulsar\+ssl):\/\/([^/?#\s]+)\/?$/.exec(url)
  const scheme = match?.[1] as keyof typeof ports | undefined
  const service = (match?.[2] ?? '').split(',').map(part => readAddress(part, ports[scheme ?? 'pulsar']))
  if (scheme === undefined || service.includes(undefined)) {
    throw new PulsarError(
      'UNSUPPORTED',
      `"${url}" is no address of Pulsar. Mend: write pulsar://host:6650 or pulsar+ssl://host:6651`,
    )
  }
  return { secure: scheme === 'pulsar+ssl', service: service.filter(one => one !== undefined) }
}

function readAddress(text: string, defaultPort: number): Address | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:@[\]]+)(?::(\d{1,5}))?$/.exec(text)
  if (match?.[1] === undefined) return undefined
  const port = Number(match[2] ?? defaultPort)
  return port > 0 && port < 65_536 ? { host: match[1].replace(/^\[|\]$/g, ''), port } : undefined
}
