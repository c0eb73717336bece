import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate authority, and a certificate it signed for localhost and 127.0.0.1; PEM. */
export interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

let made: Promise<Certificates> | undefined

/** Made once for a test file, by openssl. */
export function certificates(): Promise<Certificates> {
  made ??= make()
  return made
}

async function make(): Promise<Certificates> {
  const dir = await mkdtemp(path.join(tmpdir(), 'certificates-'))
  const at = (name: string) => path.join(dir, name)
  const openssl = (...args: string[]) => run('openssl', args)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    const days = ['-days', '2']
    await openssl(
      'req',
      '-x509',
      ...newKey,
      ...days,
      '-subj',
      '/CN=test authority',
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
    )
    await openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', at('server.key'), '-out', at('server.csr'))
    await writeFile(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nbasicConstraints=CA:FALSE\n')
    const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('names')]
    await openssl('x509', '-req', '-in', at('server.csr'), ...signing, ...days, '-out', at('server.pem'))
    const [ca, cert, key] = await Promise.all(
      ['ca.pem', 'server.pem', 'server.key'].map(name => readFile(at(name), 'utf8')),
    )
    return { ca: ca!, cert: cert!, key: key! }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
