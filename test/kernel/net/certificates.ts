import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** A certificate authority and what it signs, made with the `openssl` command in a folder that is gone afterwards. */
export function makeAuthority(name: string): KeyPair & { sign(commonName: string): KeyPair } {
  const authority = inFolder(folder => {
    openssl(
      folder,
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 2 -subj /CN=${name}`,
    )
    return pair(folder)
  })
  return {
    ...authority,
    sign: commonName =>
      inFolder(folder => {
        writeFileSync(join(folder, 'ca'), authority.cert)
        writeFileSync(join(folder, 'ca-key'), authority.key)
        writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
        openssl(
          folder,
          `req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out request -subj /CN=${commonName}`,
        )
        openssl(folder, 'x509 -req -in request -CA ca -CAkey ca-key -CAcreateserial -days 2 -extfile names -out cert')
        return pair(folder)
      }),
  }
}

function openssl(folder: string, command: string): void {
  execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'pipe' })
}

function pair(folder: string): KeyPair {
  return { cert: readFileSync(join(folder, 'cert'), 'utf8'), key: readFileSync(join(folder, 'key'), 'utf8') }
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
