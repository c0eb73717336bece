import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { House } from './house.ts'
import type { Search } from './search.ts'

/** viewer: may look; operator: may also act on clients and messages; admin: may also change who may do what. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Whoever calls. */
export interface Actor {
  readonly name: string
  readonly role: Role
  readonly via: 'loopback' | 'session' | 'key'
  /** Only routes of these groups; undefined: of all. */
  readonly groups: readonly string[] | undefined
  /** The API key's or session's own id. */
  readonly id?: string
}

/** One call, checked. */
export interface Call<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly actor: Actor
  readonly house: House
  readonly address: string
  header(name: string): string | undefined
  /** Gives the browser the cookie of its session, or takes it away. */
  setSession(token: string | undefined): void
  /** The cookie of its session. */
  readonly session: string | undefined
}

/** A part of a longer list. */
export interface Page<Item> {
  readonly data: readonly Item[]
  /** `count` null: only looking at each would tell. */
  readonly meta: { readonly next: string | null; readonly count: number | null }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface Description {
  readonly method: Method
  /** Below the prefix of the API, with `:name` for parameters. */
  readonly path: string
  /** Routes about one thing; what an API key can be narrowed to. */
  readonly group: string
  readonly summary: string
  readonly needs: Role | 'nobody'
  /** Default: 200, or 204 where nothing is answered. */
  readonly status?: 200 | 201 | 202 | 204
  /** It is not told in the audit log although it is no GET: a question with a body. */
  readonly asks?: boolean
}

/** One thing that the API offers, described once: checks, rights, audit and the OpenAPI document follow from it. */
export interface Route extends Description {
  readonly params: z.ZodType | undefined
  readonly query: z.ZodType | undefined
  readonly body: z.ZodType | undefined
  /** Of `data`; undefined: nothing is answered. */
  readonly answer: z.ZodType | undefined
  readonly paged: boolean
  /** It answers with a file of this content type instead of JSON. */
  readonly produces?: string
  readonly handle: (call: Call<never, never, never>) => unknown
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined
type Answered<Schema> = Schema extends z.ZodType ? Promise<z.output<Schema>> | z.output<Schema> : Promise<void>

interface Schemas<P, Q, B, A> {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly answer?: A
}

/** A route that answers with one thing, or with nothing. */
export function route<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  A extends z.ZodType | undefined = undefined,
>(
  given: Description &
    Schemas<P, Q, B, A> & {
      handle: (call: Call<Output<P>, Output<Q>, Output<B>>) => Answered<A>
    },
): Route {
  return { ...schemasOf(given), paged: false }
}

/** A page, or the search for one where that may take long. */
type Listed<Item> = Page<Item> | Search<Item>

/** A route that answers with a part of a list; `answer` describes one element. */
export function list<
  A extends z.ZodType,
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
>(
  given: Omit<Description, 'method'> &
    Schemas<P, Q, undefined, A> & {
      answer: A
      handle: (call: Call<Output<P>, Output<Q>, undefined>) => Listed<z.output<A>> | Promise<Listed<z.output<A>>>
    },
): Route {
  return { ...schemasOf({ ...given, method: 'GET' }), paged: true }
}

/** A route that answers with a file, as a stream of its text. */
export function file<P extends z.ZodType | undefined = undefined>(
  given: Omit<Description, 'method'> & {
    readonly params?: P
    readonly produces: string
    handle: (call: Call<Output<P>, undefined, undefined>) => Readable
  },
): Route {
  return { ...schemasOf({ ...given, method: 'GET' }), paged: false, produces: given.produces }
}

function schemasOf<T extends Description & Schemas<unknown, unknown, unknown, unknown> & { handle: unknown }>(
  given: T,
): Omit<Route, 'paged'> {
  const { params, query, body, answer, handle } = given
  return { ...given, params, query, body, answer, handle } as Omit<Route, 'paged'>
}
