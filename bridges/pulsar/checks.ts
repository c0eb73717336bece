import type { ConnectionOptions } from 'node:tls'
import { BrokerError, readTlsClient } from '../../kernel/plugin.ts'
import { type Compression, compressionRefusal } from './client/compression.ts'
import { PulsarError } from './client/pulsar-error.ts'
import { fullTopicName } from './client/topic-name.ts'
import type { PulsarOptions } from './options.ts'

/** What can be known of options before anybody is asked. All of it throws BrokerError CONFIG_INVALID. */

/** The files of `tls`; undefined for a URL without TLS. */
export function readTls({ url, tls }: PulsarOptions, secure: boolean): ConnectionOptions | undefined {
  if (secure) return readTlsClient(tls ?? { verify: true }, `connection to ${url}`)
  if (tls === undefined) return undefined
  const mend = url.startsWith('ws') ? 'wss://' : 'pulsar+ssl://'
  throw new BrokerError('CONFIG_INVALID', `tls is given, and ${url} is without. Mend: write ${mend}`)
}

export function checkCompression(compression: Compression): void {
  const refusal = compressionRefusal(compression)
  if (refusal !== undefined) throw new BrokerError('CONFIG_INVALID', `delivery.compression: ${refusal}`)
}

/** The topic in full. */
export function checkTopic(option: string, name: string): string {
  return asConfiguration(option, () => fullTopicName(name))
}

/** What the client finds wrong, as a mistake in the configuration. */
export function asConfiguration<Value>(option: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof PulsarError) throw new BrokerError('CONFIG_INVALID', `${option}: ${error.message}`)
    throw error
  }
}
