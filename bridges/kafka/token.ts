import type { Clock } from '../../kernel/plugin.ts'
import { LinkError } from './wire/failure.ts'

export interface TokenEndpoint {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
}

const withinMs = 5_000
/** A token has room in it. */
const maxAnswerBytes = 65_536
/** It is renewed when this part of its life is over. */
const usablePart = 0.8

/** Tokens for client credentials (RFC 6749, section 4.4), each used until it is about to expire. */
export class TokenSource {
  readonly #endpoint: TokenEndpoint
  readonly #clock: Clock
  #token: { readonly text: string; readonly until: number } | undefined
  #asking: Promise<string> | undefined

  constructor(endpoint: TokenEndpoint, clock: Clock) {
    this.#endpoint = endpoint
    this.#clock = clock
  }

  /** @throws LinkError, which names the endpoint's host and never what was sent */
  token(): Promise<string> {
    if (this.#token !== undefined && this.#clock.now() < this.#token.until) return Promise.resolve(this.#token.text)
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<string> {
    const { url, clientId, clientSecret, scope } = this.#endpoint
    const { host } = new URL(url)
    const credentials = [clientId, clientSecret].map(one => encodeURIComponent(one)).join(':')
    const late = new AbortController()
    const cancel = this.#clock.after(withinMs, () => late.abort())
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
        redirect: 'error',
        signal: late.signal,
      })
      const text = await readBody(response)
      if (!response.ok) {
        const trouble = response.status >= 400 && response.status < 500 && response.status !== 429 ? 'login' : 'network'
        throw new LinkError(trouble, `the token endpoint at ${host} answered ${response.status}`)
      }
      return this.#keep(text, host)
    } catch (error) {
      if (error instanceof LinkError) throw error
      const why = late.signal.aborted ? 'did not answer in time' : `cannot be reached (${codeOf(error)})`
      throw new LinkError(late.signal.aborted ? 'timeout' : 'network', `the token endpoint at ${host} ${why}`)
    } finally {
      cancel()
    }
  }

  #keep(answer: string, host: string): string {
    let fields: { access_token?: unknown; expires_in?: unknown }
    try {
      fields = JSON.parse(answer)
    } catch {
      throw new LinkError('login', `the token endpoint at ${host} does not answer JSON`)
    }
    const { access_token: text, expires_in: seconds } = Object(fields)
    if (typeof text !== 'string' || text === '') {
      throw new LinkError('login', `the answer of the token endpoint at ${host} has no access_token`)
    }
    const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : 0
    this.#token = { text, until: this.#clock.now() + lifeMs * usablePart }
    return text
  }
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function codeOf(error: unknown): string {
  const { cause, message } = error as { cause?: NodeJS.ErrnoException; message?: string }
  return cause?.code ?? message?.slice(0, 80) ?? 'unknown'
}
