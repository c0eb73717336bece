import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Where a client program finds the broker under test. */
export interface Target extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly tlsPort: number
  readonly wsPort: number
  readonly wssPort: number
  /** A file: the PEM certificate of the authority that signed the broker's. */
  readonly caFile: string
}

/**
 * Starts our broker on free ports with TLS and WebSocket. To prove a client program rather than the broker, set
 * INTEROP_AGAINST to the JSON of another broker's `{ port, tlsPort, wsPort, wssPort, ca }`.
 */
export async function startTarget(): Promise<Target> {
  const other = process.env.INTEROP_AGAINST
  const broker = other === undefined ? await ourBroker() : JSON.parse(other)
  const { port, tlsPort, wsPort, wssPort, ca } = broker
  const dir = await mkdtemp(path.join(tmpdir(), 'interop-'))
  const caFile = path.join(dir, 'ca.pem')
  await writeFile(caFile, ca)
  return {
    host: '127.0.0.1',
    port,
    tlsPort,
    wsPort,
    wssPort,
    caFile,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true })
      await broker[Symbol.asyncDispose]?.()
    },
  }
}

async function ourBroker() {
  const { startBroker } = await import('../support/broker.ts')
  return startBroker({ tls: true, websocket: true })
}
