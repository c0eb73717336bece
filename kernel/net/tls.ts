import { randomBytes, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import tls, { type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import type { Peer, TlsOptions } from '../contract/connection.ts'
import { BrokerError } from '../contract/errors.ts'

/** Whom a TLS gate tells how a handshake ended. */
export interface Handshake {
  secured(socket: TLSSocket, certificate: Peer['certificate']): void
  failed(reason: string): void
}

/** Turns accepted sockets into secure ones. */
export class TlsGate {
  readonly #listener: string
  readonly #server: Server
  readonly #requiresCertificate: boolean
  /** Node hands over the secure socket without the one it was made from; both have the same two ends. */
  readonly #handshakes = new Map<string, Handshake>()

  /** @throws BrokerError CONFIG_INVALID when the certificate, key or authorities are unusable */
  constructor(listener: string, options: TlsOptions) {
    this.#listener = listener
    this.#requiresCertificate = options.clientCa !== undefined
    this.#server = tls.createServer({
      ...secureContext(listener, options),
      allowHalfOpen: true,
      requestCert: this.#requiresCertificate,
      rejectUnauthorized: true,
    })
    this.#server.on('secureConnection', socket => {
      const handshake = this.#take(socket)
      if (handshake === undefined) return void socket.destroy()
      // Belt and braces: `rejectUnauthorized` has destroyed it already.
      if (this.#requiresCertificate && !socket.authorized) return handshake.failed('certificate not verified')
      handshake.secured(socket, this.#requiresCertificate ? certificateOf(socket) : undefined)
    })
    this.#server.on('tlsClientError', (error, socket) => this.#take(socket)?.failed(error.message))
  }

  accept(socket: Socket, handshake: Handshake): void {
    const ends = endsOf(socket)
    this.#handshakes.set(ends, handshake)
    // A refused certificate is told in no other way. Before the others who wait for the close: this reason says more.
    socket.prependOnceListener('close', () => {
      if (this.#handshakes.get(ends) !== handshake) return
      this.#handshakes.delete(ends)
      handshake.failed('closed during the handshake')
    })
    this.#server.emit('connection', socket)
  }

  /** For handshakes from now on. @throws BrokerError CONFIG_INVALID, the old certificate stays in use */
  replace(options: TlsOptions): void {
    if ((options.clientCa !== undefined) !== this.#requiresCertificate) {
      throw invalid(this.#listener, 'client certificates cannot be switched on or off without a restart')
    }
    const context = secureContext(this.#listener, options)
    // New keys for tickets: a session resumed under the old ones would skip the new authorities.
    this.#server.setSecureContext({ ...context, ticketKeys: randomBytes(48) } as SecureContextOptions)
  }

  #take(socket: Socket): Handshake | undefined {
    const ends = endsOf(socket)
    const handshake = this.#handshakes.get(ends)
    this.#handshakes.delete(ends)
    return handshake
  }
}

function endsOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}`
}

function secureContext(listener: string, options: TlsOptions): SecureContextOptions {
  const { cert, key, passphrase, clientCa, minVersion = 'TLSv1.2' } = options
  if (cert === '' || key === '') throw invalid(listener, 'the certificate or its key is empty')
  const context = {
    cert,
    key,
    minVersion,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  }
  try {
    // An empty list of authorities must not come to mean "anybody", nor the public ones.
    if (clientCa !== undefined) new X509Certificate(clientCa)
  } catch (error) {
    throw invalid(listener, 'the file of client authorities holds no certificate', error)
  }
  try {
    tls.createSecureContext(context)
  } catch (error) {
    throw invalid(listener, `the certificate or its key cannot be used: ${(error as Error).message}`, error)
  }
  return context
}

function invalid(listener: string, what: string, cause?: unknown): BrokerError {
  return new BrokerError('CONFIG_INVALID', `listener "${listener}": ${what}`, { cause })
}

function certificateOf(socket: TLSSocket): Peer['certificate'] {
  const { subject, fingerprint256 } = socket.getPeerCertificate()
  // A certificate with several common names names nobody.
  const commonName: unknown = subject?.CN
  return { commonName: typeof commonName === 'string' ? commonName : '', fingerprint256 }
}
