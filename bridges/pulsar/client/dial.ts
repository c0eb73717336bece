import net from 'node:net'
import tls from 'node:tls'
import { PulsarError } from './pulsar-error.ts'
import type { Address, ClientHost, ClientSettings } from './settings.ts'

/** A connected socket, its TLS done. Nothing has been said on it. @throws PulsarError CONNECT_FAILED, HOST_UNKNOWN, TLS_FAILED, TIMEOUT */
export function dial(
  address: Address,
  settings: ClientSettings,
  { clock }: ClientHost,
  signal: AbortSignal,
): Promise<net.Socket> {
  const { host, port } = address
  const where = `${host}:${port}`
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const secure = settings.tls
    const socket =
      secure === undefined
        ? net.connect({ host, port })
        : tls.connect({ ...secure, host, port, ...named(settings.servername ?? host) })
    const settle = (outcome: () => void) => {
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
      socket.removeListener('error', onError)
      outcome()
    }
    const fail = (error: unknown) =>
      settle(() => {
        // What still comes of it must not end the process.
        socket.on('error', () => {})
        socket.destroy()
        reject(error)
      })
    const onAbort = () => fail(signal.reason)
    const onError = (error: Error) => fail(dialError(error, where))
    const cancelTimer = clock.after(settings.connectMs, () =>
      fail(new PulsarError('TIMEOUT', `${where} did not answer within ${settings.connectMs} ms`)),
    )
    signal.addEventListener('abort', onAbort)
    socket.on('error', onError)
    socket.setNoDelay(true)
    socket.once(secure === undefined ? 'connect' : 'secureConnect', () => settle(() => resolve(socket)))
  })
}

/** Names only: an address has no place in SNI. */
function named(host: string): { servername?: string } {
  return net.isIP(host) === 0 ? { servername: host } : {}
}

function dialError(error: NodeJS.ErrnoException, where: string): PulsarError {
  const code = error.code ?? ''
  const options = { cause: error }
  if (code === 'ENOTFOUND') return new PulsarError('HOST_UNKNOWN', `the name of ${where} is not known to DNS`, options)
  if (/CERT|^ERR_(TLS|SSL|OSSL)|SELF_SIGNED|UNABLE_TO_|^EPROTO$/.test(code)) {
    return new PulsarError('TLS_FAILED', `TLS with ${where} failed: ${error.message.split('\n')[0]}`, options)
  }
  return new PulsarError('CONNECT_FAILED', `no connection to ${where}: ${error.message}`, options)
}
