import type { Routes } from './routes.ts'

export type RouteKey = keyof Routes
type Given<K extends RouteKey, Part extends 'params' | 'query' | 'body'> = Routes[K][Part]
type Field<Name extends string, T> = [T] extends [undefined]
  ? { readonly [name in Name]?: undefined }
  : {} extends T
    ? { readonly [name in Name]?: T | undefined }
    : { readonly [name in Name]: T }

/** What a route takes: each part only where there is one. */
export type Args<K extends RouteKey> = Field<'params', Given<K, 'params'>> &
  Field<'query', Given<K, 'query'>> &
  Field<'body', Given<K, 'body'>>

export interface Page<Item> {
  readonly data: readonly Item[]
  readonly meta: { readonly next: string | null; readonly count: number | null }
}

/** Routes whose answer is a list; those that come in pages. */
export type ListKey = { [K in RouteKey]: Routes[K]['answer'] extends readonly unknown[] ? K : never }[RouteKey]
export type PagedKey = { [K in RouteKey]: Routes[K]['paged'] extends true ? K : never }[RouteKey]
export type Row<K extends ListKey> = Routes[K]['answer'] extends readonly (infer Item)[] ? Item : never

/** The answer of a route: its data, and of a list in pages the page. */
export type Answer<K extends RouteKey> = Routes[K]['paged'] extends true
  ? Routes[K]['answer'] extends readonly (infer Item)[]
    ? Page<Item>
    : never
  : Routes[K]['answer']

export interface FieldFault {
  readonly in: 'path' | 'query' | 'body'
  readonly pointer: string
  readonly message: string
}

/** The server refused: its problem document. */
export class Refused extends Error {
  readonly status: number
  readonly errors: readonly FieldFault[]

  constructor(status: number, detail: string, errors: readonly FieldFault[] = []) {
    super(detail)
    this.status = status
    this.errors = errors
  }

  /** What is wrong with a field of the body, by its JSON pointer. */
  at(pointer: string): string | undefined {
    return this.errors.find(error => error.in === 'body' && error.pointer === pointer)?.message
  }
}

/** No answer came: the server is away, or something between. */
export class Unreachable extends Error {}

const loggedOut = new Set<() => void>()

/** Called when the server no longer knows who we are. */
export function onLoggedOut(listener: () => void): () => void {
  loggedOut.add(listener)
  return () => loggedOut.delete(listener)
}

/**
 * Calls a route of the API. Among very many elements the server looks for a page a part at a time: what is answered has
 * an element, or there is none. @throws Refused, Unreachable
 */
export async function call<K extends RouteKey>(key: K, args: Args<K>, signal?: AbortSignal): Promise<Answer<K>> {
  let answer = await ask(key, args, signal)
  while (isPage(answer) && answer.data.length === 0 && answer.meta.next !== null)
    answer = await ask(key, { ...args, query: { ...(args.query as object), cursor: answer.meta.next } }, signal)
  return (isPage(answer) ? answer : (answer as { data?: unknown } | undefined)?.data) as Answer<K>
}

async function ask(
  key: RouteKey,
  {
    params,
    query,
    body,
  }: { readonly params?: object | undefined; readonly query?: object | undefined; readonly body?: unknown },
  signal?: AbortSignal,
): Promise<unknown> {
  const [method = 'GET', template = ''] = key.split(' ')
  const path = template.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown> | undefined)?.[name])),
  )
  const response = await fetch(`/api/v1${path}${queryText(query)}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Unreachable('the server cannot be reached', { cause: error })
  })
  const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined)
  if (response.ok) return answer
  // Whoever stands between says so when the server is away.
  if (answer === undefined && response.status >= 502) throw new Unreachable(`status ${response.status}`)
  // Whoever asks that very question, or is just logging in, has the answer.
  if (response.status === 401 && key !== 'POST /login' && key !== 'GET /me') for (const tell of loggedOut) tell()
  const { detail, errors } = (answer ?? {}) as { detail?: string; errors?: FieldFault[] }
  throw new Refused(response.status, detail ?? `status ${response.status}`, errors)
}

function queryText(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

function isPage(answer: unknown): answer is Page<unknown> {
  return typeof answer === 'object' && answer !== null && 'meta' in answer
}
