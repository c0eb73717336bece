import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Rung } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'

export interface ReachTarget {
  readonly host: string
  readonly port: number
  /** Given: TLS is tried, too. */
  readonly tls?: ConnectionOptions | undefined
}

const dayMs = 86_400_000
/** Where a certificate has fewer days left, the rung says so in its mend although it holds. */
const fewDays = 14

/**
 * The lowest rungs of every ladder: the name in DNS, the port, the certificate. Ends after the first that fails.
 * The connections are closed again.
 */
export async function* reach(target: ReachTarget, clock: Clock, signal: AbortSignal): AsyncGenerator<Rung, boolean> {
  const { host, port, tls } = target
  if (isIP(host) === 0) {
    const dns = await climb('DNS', clock, () => resolve(host))
    yield dns
    if (!dns.ok) return false
  }
  const tcp = await climb('TCP', clock, () => opened(connectTcp({ host, port }), 'connect', signal, tcpDetail))
  yield tcp.ok ? tcp : { ...tcp, mend: tcpMend(tcp.detail, target) }
  if (!tcp.ok || !tls) return tcp.ok
  const secure = await climb('TLS', clock, () => {
    const socket = connectTls({ ...tls, host, port })
    return opened(socket, 'secureConnect', signal, () => tlsDetail(socket.getPeerCertificate().valid_to, clock))
  })
  yield secure.ok ? secure : { ...secure, mend: tlsMend(secure.detail) }
  return secure.ok
}

/** Runs one step and tells how it went; whatever it throws is its failure. `mend` is the caller's to add. */
export async function climb(name: string, clock: Clock, step: () => Promise<string>): Promise<Rung> {
  const startedAt = clock.now()
  try {
    const detail = await step()
    return { name, ms: clock.now() - startedAt, ok: true, detail }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const detail = code && !message.includes(code) ? `${code}: ${message}` : message
    const mend = name === 'DNS' ? { mend: 'correct the name of the host, or the DNS of this machine' } : {}
    return { name, ms: clock.now() - startedAt, ok: false, detail: detail || String(error), ...mend }
  }
}

async function resolve(host: string): Promise<string> {
  const addresses = await lookup(host, { all: true })
  return addresses.map(({ address }) => address).join(', ')
}

function opened(
  socket: Socket,
  event: string,
  signal: AbortSignal,
  detail: (socket: Socket) => string,
): Promise<string> {
  return new Promise<string>((done, fail) => {
    const abort = (): void => fail(signal.reason instanceof Error ? signal.reason : new Error('no answer in time'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    socket.once(event, () => {
      signal.removeEventListener('abort', abort)
      done(detail(socket))
    })
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('the far side closed the connection')))
  }).finally(() => {
    socket.on('error', () => {})
    socket.destroy()
  })
}

function tcpDetail({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} port ${remotePort}`
}

function tcpMend(detail: string, { host, port }: ReachTarget): string {
  if (detail.includes('ECONNREFUSED')) return `nobody listens on port ${port} of ${host}: start it, or correct the port`
  return `open the way to ${host} port ${port}: routes, firewalls, security groups`
}

function tlsDetail(validTo: string, clock: Clock): string {
  const days = Math.floor((Date.parse(validTo) - clock.now()) / dayMs)
  if (Number.isNaN(days)) return 'the certificate names no end'
  return `certificate valid for ${days} days${days < fewDays ? ', renew it soon' : ''}`
}

function tlsMend(detail: string): string {
  if (/EXPIRED/.test(detail)) return 'renew the certificate of the far side'
  if (/ALTNAME/.test(detail)) return 'connect under a name that the certificate bears, or set tls.servername to it'
  if (/SELF_SIGNED|UNABLE_TO|ISSUER/.test(detail)) return 'set tls.ca to the authority that signed the certificate'
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/i.test(detail)) {
    return 'set tls.cert and tls.key to a certificate that the far side accepts'
  }
  return 'check that this port speaks TLS, and its certificate'
}
