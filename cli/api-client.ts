import type { Context } from './contexts.ts'
import { type Frame, framesOf } from './event-stream.ts'
import { CommandFailure, exitCodes } from './exit-codes.ts'

const timeoutMs = 30_000
const pageSize = 1_000

/** Rows of a table: what the API answered with. */
export type Row = Readonly<Record<string, unknown>>

export interface Asked {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
}

/** Speaks to the HTTP API of one server. */
export class ApiClient {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  get url(): string {
    return this.#context.url
  }

  /** `data` of the answer. @throws CommandFailure */
  async call(method: string, path: string, asked: Asked = {}): Promise<unknown> {
    return (await this.#answer(method, path, asked))?.data
  }

  /** All pages of a list, up to so many rows. */
  async list(path: string, query: Asked['query'] = {}, most = Number.POSITIVE_INFINITY): Promise<Row[]> {
    const rows: Row[] = []
    let cursor: string | undefined
    do {
      const limit = Math.min(pageSize, most - rows.length)
      const answer = await this.#answer('GET', path, { query: { ...query, limit, cursor } })
      rows.push(...((answer?.data ?? []) as Row[]))
      cursor = answer?.meta?.next ?? undefined
    } while (cursor !== undefined && rows.length < most)
    return rows
  }

  /** An answer that is no JSON. @throws CommandFailure */
  async bytes(path: string): Promise<AsyncIterable<Uint8Array>> {
    return await this.#opened(`/api/v1${path}`, {}, undefined)
  }

  /** The live stream of the server, until it or the signal ends it. @throws CommandFailure */
  async *events(query: Asked['query'], signal: AbortSignal): AsyncGenerator<Frame> {
    const body = await this.#opened('/events', query, signal)
    try {
      yield* framesOf(body)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #opened(
    path: string,
    query: Asked['query'],
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#fetch(this.#urlOf(path, query), {
      headers: this.#credentials,
      ...(signal && { signal }),
    })
    if (!response.ok) throw failureOf(response, parse(await response.text()) as ProblemDocument | undefined)
    return response.body ?? new ReadableStream()
  }

  #urlOf(path: string, query: Asked['query'] = {}): URL {
    const url = new URL(`${this.#context.url.replace(/\/$/, '')}${path}`)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    return url
  }

  get #credentials(): Record<string, string> {
    return this.#context.key === undefined ? {} : { authorization: `Bearer ${this.#context.key}` }
  }

  async #answer(method: string, path: string, { query = {}, body }: Asked): Promise<Answer | undefined> {
    const response = await this.#fetch(this.#urlOf(`/api/v1${path}`, query), {
      method,
      headers: {
        ...this.#credentials,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    const json = text === '' ? undefined : parse(text)
    if (response.ok) return json as Answer | undefined
    throw failureOf(response, json as ProblemDocument | undefined)
  }

  async #fetch(url: URL, options: RequestInit): Promise<Response> {
    try {
      return await fetch(url, options)
    } catch (error) {
      const { cause } = error as { cause?: { code?: string; message?: string } }
      const why = cause?.code ?? cause?.message ?? (error as Error).message
      throw new CommandFailure(`${this.#context.url} cannot be reached: ${why}`, {
        exitCode: exitCodes.unreachable,
        next: 'robust-ctl doctor',
      })
    }
  }
}

interface Answer {
  readonly data?: unknown
  readonly meta?: { readonly next: string | null }
}

interface ProblemDocument {
  readonly detail?: string
  readonly errors?: readonly { readonly in: string; readonly pointer: string; readonly message: string }[]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function failureOf({ status, statusText }: Response, problem: ProblemDocument | undefined): CommandFailure {
  const message = problem?.detail ?? `the server answered ${status} ${statusText}`
  const login = 'robust-ctl context set default --url URL --api-key rmq_...'
  return new CommandFailure(message, status === 401 ? { next: login } : {})
}
