import { createHmac } from 'node:crypto'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { BrokerError, type Clock, readTlsClient, servernameOf } from '../../kernel/plugin.ts'
import type { HttpOptions } from './options.ts'

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly location: string | undefined
}

export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Answers are judged by their status; so much of a body is read to keep the connection. */
const answerBytes = 65_536
/** Connections that wait for the next request. */
const idleSockets = 4

/** The web server of one connection. */
export class WebServer {
  readonly url: URL
  readonly tls: ReturnType<typeof readTlsClient> | undefined
  readonly #options: HttpOptions
  readonly #clock: Clock
  readonly #agent: HttpAgent | HttpsAgent

  /** @throws BrokerError CONFIG_INVALID */
  constructor(options: HttpOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.url = parse(options.url)
    const secure = this.url.protocol === 'https:'
    if (options.tls && !secure) throw invalid('"tls" needs a URL that begins with https://')
    this.tls = secure ? readTlsClient(options.tls ?? { verify: true }, 'connection of type http') : undefined
    const servername = servernameOf(options.tls, this.url.hostname)
    const kept = { keepAlive: true, maxFreeSockets: idleSockets }
    this.#agent = secure
      ? new HttpsAgent({ ...kept, ...this.tls, ...(servername !== undefined && { servername }) })
      : new HttpAgent(kept)
  }

  get host(): string {
    return this.url.hostname.replace(/^\[|\]$/g, '')
  }

  get port(): number {
    return Number(this.url.port) || (this.url.protocol === 'https:' ? 443 : 80)
  }

  /** Resolves with whatever the server answers. Rejects when it answers nothing in time. */
  async send({ method, path, headers, body }: Outgoing, signal: AbortSignal): Promise<Answer> {
    const late = new AbortController()
    const cancel = this.#clock.after(this.#options.timeout, () =>
      late.abort(new Error(`no answer within ${this.#options.timeout} ms`)),
    )
    const cut = (): void => late.abort(signal.reason)
    signal.addEventListener('abort', cut, { once: true })
    if (signal.aborted) cut()
    try {
      const answer = await this.#exchange(method, path, this.#headers(headers, body), body, late.signal)
      return {
        status: answer.statusCode ?? 0,
        retryAfter: answer.headers['retry-after'],
        location: answer.headers.location,
      }
    } catch (error) {
      throw late.signal.reason instanceof Error ? late.signal.reason : error
    } finally {
      cancel()
      signal.removeEventListener('abort', cut)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #headers(given: Outgoing['headers'], body: Uint8Array): Record<string, string> {
    const { headers, secret } = this.#options
    const signed = secret === undefined ? {} : { 'robustmq-signature': sign(secret, this.#clock.now(), body) }
    return { ...headers, ...given, ...signed, 'content-length': String(body.length) }
  }

  #exchange(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { url } = this
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    return new Promise((resolve, reject) => {
      const target = { protocol: url.protocol, hostname: this.host, port: this.port, path, method, headers }
      const sent = request({ ...target, agent: this.#agent, signal }, answer => {
        let bytes = 0
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > answerBytes) answer.destroy()
        })
        // Without its end the request may not have been taken whole.
        answer.on('end', () => resolve(answer))
        answer.on('close', () => (bytes > answerBytes ? resolve(answer) : reject(new Error('the answer was cut off'))))
        answer.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

/** `t=<seconds>,v1=<hex>`: over the time as well, so that an old request cannot be played again unnoticed. */
export function sign(secret: string, nowMs: number, body: Uint8Array): string {
  const seconds = Math.floor(nowMs / 1_000)
  const digest = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')
  return `t=${seconds},v1=${digest}`
}

function parse(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw invalid('"url" is no URL, such as https://example.org/hook')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid('"url" must begin with http:// or https://')
  if (url.username !== '' || url.password !== '') throw invalid('"url" names a password; set it in "headers"')
  return url
}

function invalid(what: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', `connection of type http: ${what}`)
}
