import type { z } from 'zod'
import type { TlsOptions } from '../../kernel/plugin.ts'
import type { ConfigDocument } from './document.ts'
import type { configSchema } from './schema.ts'
import { placeOf, readTls } from './tls-files.ts'

/** PEM texts, read and found to fit. */
export interface Certificates {
  /** Of each listener that speaks TLS. */
  readonly listeners: ReadonlyMap<string, TlsOptions>
  readonly http: TlsOptions | undefined
}

/**
 * What no single key can tell: certificates that can be read and fit their keys, TLS listeners that have some, ports
 * taken twice. Parts that are wrong in themselves are skipped, so that the rest is still reported.
 */
export function checkTogether(document: ConfigDocument, schema: ReturnType<typeof configSchema>): Certificates {
  const shared = parsed(schema.shape.tls, document.root.tls)
  const listeners = parsed(schema.shape.listeners, document.root.listeners) ?? {}
  const ofHttp = parsed(schema.shape.http, document.root.http ?? {})?.tls
  const certificates = new Map<string, TlsOptions>()
  const sharedTls = shared && readTls(document, ['tls'], shared)
  const taken = new Map<string, string>()
  for (const [name, listener] of Object.entries(listeners)) {
    const path = ['listeners', name]
    const own = listener.tls && readTls(document, [...path, 'tls'], listener.tls)
    const secure = listener.transport === 'tls' || listener.transport === 'wss'
    if (secure && own) certificates.set(name, own)
    else if (secure && sharedTls && !listener.tls) certificates.set(name, sharedTls)
    else if (secure && !listener.tls && document.root.tls === undefined)
      document.problem(
        path,
        placeOf(document, path),
        `expected certificates for ${listener.transport}: "tls" here or at the top`,
      )
    if (listener.rawHandles && listener.transport !== 'tcp')
      document.problem(
        [...path, 'rawHandles'],
        placeOf(document, [...path, 'rawHandles']),
        `expected transport tcp, which alone has raw handles, instead of ${listener.transport}`,
      )
    const address = `${listener.host ?? '*'}:${listener.port}`
    const other = taken.get(address)
    if (other !== undefined && listener.port !== 0)
      document.problem(
        [...path, 'port'],
        placeOf(document, [...path, 'port']),
        `expected a free port, but ${listener.port} is taken by listener "${other}"`,
      )
    taken.set(address, name)
  }
  return { listeners: certificates, http: ofHttp && readTls(document, ['http', 'tls'], ofHttp) }
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | undefined {
  const result = schema.safeParse(value)
  return result.success ? result.data : undefined
}
