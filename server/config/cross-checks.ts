import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { z } from 'zod'
import type { TlsOptions } from '../../kernel/plugin.ts'
import type { ConfigDocument } from './document.ts'
import type { Path } from './problem.ts'
import type { Config, configSchema } from './schema.ts'

export type ListenerCertificates = ReadonlyMap<string, TlsOptions>

type Tls = NonNullable<Config['tls']>

/**
 * What no single key can tell: certificates that can be read and fit their keys, TLS listeners that have some, ports
 * taken twice. Parts that are wrong in themselves are skipped, so that the rest is still reported.
 */
export function checkTogether(document: ConfigDocument, schema: ReturnType<typeof configSchema>): ListenerCertificates {
  const shared = parsed(schema.shape.tls, document.root.tls)
  const listeners = parsed(schema.shape.listeners, document.root.listeners) ?? {}
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
  return certificates
}

function readTls(document: ConfigDocument, path: Path, tls: Tls): TlsOptions | undefined {
  const before = document.problems.length
  const cert = readPem(document, [...path, 'cert'], tls.cert)
  const key = readPem(document, [...path, 'key'], tls.key)
  const clientCa = tls.ca === undefined ? undefined : readPem(document, [...path, 'ca'], tls.ca)
  if (document.problems.length > before) return undefined
  // An empty list of authorities must never mean "everybody".
  if (clientCa !== undefined && !isCertificate(clientCa))
    document.problem(
      [...path, 'ca'],
      placeOf(document, [...path, 'ca']),
      'expected a PEM file with at least one certificate',
    )
  const { passphrase, minVersion } = tls
  const options = { cert, key, minVersion, ...(passphrase === undefined ? {} : { passphrase }) }
  try {
    createSecureContext(options)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    document.problem(path, placeOf(document, path), `expected a certificate and its private key in PEM (${reason})`)
  }
  if (document.problems.length > before) return undefined
  return { ...options, ...(clientCa === undefined ? {} : { clientCa }) }
}

function readPem(document: ConfigDocument, path: Path, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const shown = document.origin(path)?.secret ? '' : ` "${file}"`
    document.problem(path, placeOf(document, path), `expected a readable file, but${shown} cannot be read: ${code}`)
    return ''
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

function placeOf(document: ConfigDocument, path: Path): string {
  const own = document.origin(path)
  if (own) return own.keyAt !== undefined && typeof document.get(path) === 'object' ? own.keyAt : own.at
  const origin = document.nearestOrigin(path)
  return origin.keyAt ?? origin.at
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | undefined {
  const result = schema.safeParse(value)
  return result.success ? result.data : undefined
}
