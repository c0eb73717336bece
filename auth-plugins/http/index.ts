import type { Authenticator, AuthHost, AuthPlugin, Credentials, Identity, Peer } from '../../kernel/plugin.ts'
import { BrokerError } from '../../kernel/plugin.ts'
import { readAnswer } from './answer.ts'
import type { HttpOptions } from './options.ts'
import { httpOptions } from './options.ts'

export type { HttpOptions } from './options.ts'

/** An answer with 1,000 rules has room in it. */
export const maxAnswerBytes = 262_144
/** A failing back end is reported once in this time. */
export const failureLogIntervalMs = 60_000

/**
 * Asks an HTTP server: POST {clientid, username, password, address} as JSON; a password that is not UTF-8 goes as
 * `passwordBase64` instead. It answers 200 and
 * {result: "allow" | "deny" | "ignore", superuser?, tenant?, acl?: [{permission, action, topic}], expiresAt?: ms since
 * the epoch}; "ignore" leaves the client to the next authenticator. 401 and 403 are a denial as well. Every other
 * answer, a redirect included, and every failure denies and is logged: a back end that is down lets nobody in.
 */
export const http: AuthPlugin<HttpOptions> = {
  kind: 'auth',
  name: 'http',
  api: 1,
  options: httpOptions,
  async open(host, options) {
    return new HttpAuthenticator(host, options)
  },
}

class HttpAuthenticator implements Authenticator {
  readonly #host: AuthHost
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #timeoutMs: number
  readonly #anonymous: boolean
  readonly #closing = new AbortController()
  #loggedAt: number | undefined
  #silent = 0

  constructor(host: AuthHost, options: HttpOptions) {
    this.#host = host
    this.#url = readUrl(options.url)
    this.#headers = headersOf(this.#url, options.headers ?? {})
    this.#timeoutMs = options.timeout ?? 5_000
    this.#anonymous = options.anonymous ?? false
  }

  async authenticate(credentials: Credentials, peer: Peer): Promise<Identity | 'unknown' | 'denied'> {
    const nameless = credentials.user === undefined && credentials.password === undefined
    if (nameless && !this.#anonymous) return 'unknown'
    const abort = new AbortController()
    const cancel = this.#host.clock.after(this.#timeoutMs, () => abort.abort())
    try {
      const answer = await this.#ask(credentials, peer, AbortSignal.any([abort.signal, this.#closing.signal]))
      if (answer === 'denied') return answer
      const identity = readAnswer(answer.body, credentials.user)
      if (identity === undefined) throw new Error('the answer is not understood')
      return identity
    } catch (error) {
      this.#failed(abort.signal.aborted ? 'no answer in time' : causeOf(error))
      return 'denied'
    } finally {
      cancel()
    }
  }

  inspect(): Record<string, unknown> {
    return { host: this.#url.host }
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  async #ask(credentials: Credentials, peer: Peer, signal: AbortSignal): Promise<{ body: unknown } | 'denied'> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({
        clientid: credentials.clientId,
        username: credentials.user,
        ...passwordField(credentials.password),
        address: peer.address,
      }),
      redirect: 'manual',
      signal,
    })
    if (response.status === 200) return { body: JSON.parse(await readBody(response)) }
    await response.body?.cancel()
    if (response.status === 401 || response.status === 403) return 'denied'
    throw new Error(`status ${response.status}`)
  }

  #failed(reason: string): void {
    const now = this.#host.clock.now()
    if (this.#loggedAt !== undefined && now - this.#loggedAt < failureLogIntervalMs) {
      this.#silent += 1
      return
    }
    // Host and path only: user, password and query of an address are often secrets.
    const fields = { host: this.#url.host, path: this.#url.pathname, reason, failuresNotLogged: this.#silent }
    this.#loggedAt = now
    this.#silent = 0
    this.#host.logger.warn(fields, 'the authentication server failed; clients are refused')
  }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  throw new BrokerError('CONFIG_INVALID', 'plugin "http": url is not an http or https address')
}

/** Takes user and password out of the address, because fetch refuses such an address and quotes it. */
function headersOf(url: URL, given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const headers = new Headers()
  if (url.username !== '' || url.password !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
    url.username = ''
    url.password = ''
  }
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value)
    } catch {
      throw new BrokerError(
        'CONFIG_INVALID',
        `plugin "http": header ${JSON.stringify(name)} has a name or value HTTP forbids`,
      )
    }
  }
  headers.set('content-type', 'application/json')
  headers.set('accept', 'application/json')
  return Object.fromEntries(headers)
}

function passwordField(password: Uint8Array | undefined): { password?: string; passwordBase64?: string } {
  if (password === undefined) return {}
  try {
    return { password: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password) }
  } catch {
    return { passwordBase64: Buffer.from(password).toString('base64') }
  }
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the body and with it the connection.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The reason, never the request: "fetch failed" hides it in its cause. JSON errors quote the answer, so not theirs. */
function causeOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer is not JSON'
  if (!(error instanceof Error)) return 'unknown'
  const { cause } = error
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  return code ?? error.message.slice(0, 200)
}
