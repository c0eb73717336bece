import type { ConnectionOptions } from 'node:tls'
import { WebSocket } from 'ws'
import { PulsarError, type PulsarErrorCode } from '../client/pulsar-error.ts'
import type { ClientHost } from '../client/settings.ts'

/** Of what we read, which may have been written with another limit than ours. */
const maxReadBytes = 32 * 1024 * 1024
/** Silence after which we ask, and after once more of it give up. */
const keepAliveMs = 30_000
/** What a server closes with when a frame was too large for it. [RFC 6455 7.4.1] */
export const tooLargeCode = 1009

export interface WebSocketSettings {
  /** Up to /ws/v2, without a slash behind. */
  readonly base: string
  readonly tls?: ConnectionOptions | undefined
  readonly token?: string | undefined
  readonly connectMs: number
  readonly requestMs: number
  /** What the server takes; it may end a connection for more without a word. */
  readonly maxFrameBytes: number
}

export interface SocketEnd {
  onMessage(message: Readonly<Record<string, unknown>>): void
  onClosed(error: PulsarError, code: number): void
}

/** A producer or a consumer of Pulsar's WebSocket API: JSON both ways. */
export class Socket {
  readonly #socket: WebSocket
  readonly #host: ClientHost
  readonly #maxFrameBytes: number
  #alive = true
  #cancel = () => {}

  private constructor(socket: WebSocket, host: ClientHost, maxFrameBytes: number) {
    this.#socket = socket
    this.#host = host
    this.#maxFrameBytes = maxFrameBytes
  }

  /** @throws PulsarError */
  static open(
    path: string,
    settings: WebSocketSettings,
    host: ClientHost,
    end: SocketEnd,
    signal: AbortSignal,
  ): Promise<Socket> {
    const { base, tls, token, connectMs, maxFrameBytes } = settings
    const url = `${base}${path}`
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const socket = new WebSocket(url, {
        ...tls,
        handshakeTimeout: connectMs,
        maxPayload: maxReadBytes,
        perMessageDeflate: false,
        ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      })
      const opened = new Socket(socket, host, maxFrameBytes)
      const onAbort = () => socket.terminate()
      signal.addEventListener('abort', onAbort)
      let failure: PulsarError | undefined
      let isOpen = false
      socket.on('unexpected-response', (request, response) => {
        failure = refusal(response.statusCode ?? 0, response.statusMessage ?? '')
        request.destroy()
        socket.terminate()
      })
      socket.on('error', error => {
        failure ??= socketError(error)
      })
      socket.on('open', () => {
        isOpen = true
        signal.removeEventListener('abort', onAbort)
        opened.#keepAlive()
        resolve(opened)
      })
      socket.on('pong', () => {
        opened.#alive = true
      })
      socket.on('message', data => {
        opened.#alive = true
        const message = parsed(String(data))
        if (message !== undefined) return end.onMessage(message)
        failure = new PulsarError('PROTOCOL', 'the WebSocket API sent what is no JSON object')
        socket.terminate()
      })
      socket.on('close', (code, reason) => {
        opened.#cancel()
        signal.removeEventListener('abort', onAbort)
        const error = failure ?? new PulsarError('CLOSED', `the WebSocket was closed with ${code} ${String(reason)}`)
        if (isOpen) end.onClosed(error, code)
        else reject(signal.aborted ? signal.reason : error)
      })
    })
  }

  /** @throws PulsarError TOO_LARGE, and nothing was sent. */
  send(message: object): void {
    const text = JSON.stringify(message)
    const bytes = Buffer.byteLength(text)
    if (bytes > this.#maxFrameBytes) {
      const why = `a frame of ${bytes} bytes, and no more than ${this.#maxFrameBytes} are taken (maxFrame)`
      throw new PulsarError('TOO_LARGE', why)
    }
    // One that is closing tells so by `onClosed`.
    this.#socket.send(text, () => {})
  }

  close(): void {
    this.#cancel()
    this.#socket.close()
    // A far side that does not close within this time is not waited for.
    const cancel = this.#host.clock.after(1_500, () => this.#socket.terminate())
    this.#socket.once('close', cancel)
  }

  #keepAlive(): void {
    this.#cancel = this.#host.clock.after(keepAliveMs, () => {
      if (!this.#alive) return this.#socket.terminate()
      this.#alive = false
      this.#socket.ping()
      this.#keepAlive()
    })
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const byStatus: Readonly<Record<number, PulsarErrorCode>> = {
  400: 'InvalidTopicName',
  401: 'AuthenticationError',
  403: 'AuthorizationError',
  404: 'TopicNotFound',
  409: 'ConsumerBusy',
  503: 'ServiceNotReady',
}

function refusal(status: number, reason: string): PulsarError {
  const code = byStatus[status] ?? 'UnknownError'
  return new PulsarError(code, `the WebSocket API refused: ${code}, ${status} ${reason.slice(0, 200)}`)
}

function socketError(error: NodeJS.ErrnoException): PulsarError {
  const code = error.code ?? ''
  const options = { cause: error }
  if (code === 'ENOTFOUND')
    return new PulsarError('HOST_UNKNOWN', `a name that DNS does not know: ${error.message}`, options)
  if (/CERT|^ERR_(TLS|SSL|OSSL)|SELF_SIGNED|UNABLE_TO_|^EPROTO$/.test(code)) {
    return new PulsarError('TLS_FAILED', `TLS failed: ${error.message.split('\n')[0]}`, options)
  }
  return new PulsarError('CONNECT_FAILED', `no WebSocket: ${error.message}`, options)
}

/** `persistent://t/ns/x` as a part of a path. */
export function topicPath(topic: string): string {
  const [domain = '', rest = ''] = topic.split('://')
  return `${domain}/${rest.split('/').map(encodeURIComponent).join('/')}`
}
