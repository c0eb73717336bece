import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { BrokerError } from '../contract/errors.ts'
import type { OptionsSpec } from '../contract/plugin.ts'

/** What a connection that speaks TLS as a client may say under `tls`; the same for every plugin. */
export const tlsClientOptions: OptionsSpec = {
  ca: { type: 'file', describe: "PEM file: authorities that are trusted. Default: the system's." },
  cert: { type: 'file', describe: 'PEM file: our certificate, where the far side asks for one (mTLS).' },
  key: { type: 'file', describe: 'PEM file: its private key.' },
  passphrase: { type: 'string', describe: 'Of the private key. Use ${env:NAME} or ${file:path}.', secret: true },
  servername: {
    type: 'string',
    describe: 'The name the certificate must bear. Default: the host that is connected to.',
  },
  verify: {
    type: 'boolean',
    describe: 'false: any certificate is believed. For tests alone: whoever is on the way can then read everything.',
    default: true,
  },
}

export interface TlsClientOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
  readonly verify: boolean
}

/**
 * Reads the files; `of` names whose they are in a mistake. `servername` is left to whoever connects, for it may know
 * several hosts: see `servernameOf`.
 * @throws BrokerError CONFIG_INVALID
 */
export function readTlsClient(options: TlsClientOptions, of: string): ConnectionOptions {
  const read = (name: 'ca' | 'cert' | 'key'): string | undefined => {
    const path = options[name]
    if (path === undefined) return undefined
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      throw new BrokerError('CONFIG_INVALID', `${of}: tls.${name} "${path}" cannot be read: ${code}`)
    }
  }
  const [ca, cert, key] = [read('ca'), read('cert'), read('key')]
  const { passphrase, verify } = options
  const material = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(passphrase && { passphrase }) }
  if ((cert === undefined) !== (key === undefined)) {
    throw new BrokerError('CONFIG_INVALID', `${of}: tls.cert and tls.key belong together, and one is missing`)
  }
  try {
    createSecureContext(material)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new BrokerError('CONFIG_INVALID', `${of}: tls needs certificates and keys in PEM that fit (${why})`)
  }
  return { ...material, rejectUnauthorized: verify }
}

/** What is said to the far side as the name it is wanted under; none for a bare address. */
export function servernameOf(options: { readonly servername?: string } | undefined, host: string): string | undefined {
  return options?.servername ?? (isIP(host) === 0 ? host : undefined)
}
