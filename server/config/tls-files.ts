import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsOptions } from '../../kernel/plugin.ts'
import type { ConfigDocument } from './document.ts'
import type { Path } from './problem.ts'
import type { Config } from './schema.ts'

type Tls = NonNullable<Config['tls']>

/** Reads the files of a `tls` section; undefined when they cannot serve, which the document is told, file by file. */
export function readTls(document: ConfigDocument, path: Path, tls: Tls): TlsOptions | undefined {
  const before = document.problems.length
  const fault = (key: string, message: string) => {
    const at = [...path, key]
    document.problem(at, placeOf(document, at), message)
  }
  const cert = readPem(document, [...path, 'cert'], tls.cert)
  const key = readPem(document, [...path, 'key'], tls.key)
  const clientCa = tls.ca === undefined ? undefined : readPem(document, [...path, 'ca'], tls.ca)
  if (cert === undefined || key === undefined || document.problems.length > before) return undefined
  const { passphrase, minVersion } = tls
  const certificate = certificateIn(cert)
  if (!certificate) fault('cert', 'expected a PEM file with a certificate')
  const opened = openKey(key, passphrase)
  if (typeof opened === 'string') fault('key', opened)
  else if (certificate && !certificate.checkPrivateKey(opened))
    fault('key', 'expected the private key of the certificate in `cert`, but this is of another one')
  // An empty list of authorities must never mean "everybody".
  if (clientCa !== undefined && !certificateIn(clientCa))
    fault('ca', 'expected a PEM file with at least one certificate')
  if (document.problems.length > before) return undefined
  const options = { cert, key, minVersion, ...(passphrase !== undefined && { passphrase }) }
  try {
    createSecureContext(options)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    document.problem(path, placeOf(document, path), `expected a certificate and its private key in PEM (${reason})`)
    return undefined
  }
  return { ...options, ...(clientCa !== undefined && { clientCa }) }
}

/** Where a mistake about this key is told: at the key itself when it holds a section. */
export function placeOf(document: ConfigDocument, path: Path): string {
  const own = document.origin(path)
  if (own) return own.keyAt !== undefined && typeof document.get(path) === 'object' ? own.keyAt : own.at
  const origin = document.nearestOrigin(path)
  return origin.keyAt ?? origin.at
}

function readPem(document: ConfigDocument, path: Path, file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const shown = document.origin(path)?.secret ? '' : ` "${file}"`
    document.problem(path, placeOf(document, path), `expected a readable file, but${shown} cannot be read: ${code}`)
    return undefined
  }
}

function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** The key, or what is wrong with it. */
function openKey(pem: string, passphrase: string | undefined): KeyObject | string {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) })
  } catch {
    if (!/ENCRYPTED/.test(pem)) return 'expected a PEM file with a private key'
    return passphrase === undefined
      ? 'this private key is encrypted: set `passphrase` beside it'
      : 'this private key cannot be opened with the `passphrase` beside it'
  }
}
