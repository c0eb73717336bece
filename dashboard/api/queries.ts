import {
  QueryClient,
  QueryClientProvider,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { type Answer, type Args, call, type PagedKey, Refused, type RouteKey, type Row } from './client.ts'

export { QueryClientProvider }

type GetKey = Extract<RouteKey, `GET ${string}`>
/** A question with a body: it changes nothing. */
type AskKey = 'POST /acl/explain'

export const queries = new QueryClient({
  defaultOptions: {
    // The broker is often on this machine: a browser that says it is offline may well reach it.
    queries: {
      networkMode: 'always',
      staleTime: 1_000,
      retry: (failures, error) => !(error instanceof Refused) && failures < 2,
    },
    mutations: { networkMode: 'always' },
  },
})

export interface AnswerOptions {
  /** Ask again after so many ms. Default: only when something changed. */
  readonly every?: number | undefined
  readonly enabled?: boolean | undefined
}

/** The answer of a route, kept and asked for again when it may have changed. */
export function useAnswer<K extends GetKey>(key: K, args: Args<K>, { every, enabled }: AnswerOptions = {}) {
  return useQuery({
    queryKey: [key, args],
    queryFn: async ({ signal }) => (await call(key, args, signal)) ?? null,
    refetchInterval: every ?? false,
    ...(enabled !== undefined && { enabled }),
  })
}

/** The answer to a question, asked again when something changed; the answer before stays until then. */
export function useAsked<K extends AskKey>(key: K, args: Args<K>, { enabled = true }: { enabled?: boolean } = {}) {
  return useQuery({
    queryKey: [key, args],
    queryFn: ({ signal }) => call(key, args, signal),
    placeholderData: before => before,
    enabled,
  })
}

const pageSize = 200

/** A list in pages: the first, and more as they are wanted. */
export function usePages<K extends PagedKey>(key: K, args: Args<K>, { every, enabled }: AnswerOptions = {}) {
  return useInfiniteQuery({
    queryKey: [key, args],
    queryFn: ({ signal, pageParam }) => pageOf(key, args, { cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.meta.next ?? undefined,
    // Whoever has scrolled far reads; asking for all of it again each time would be dear.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 2 ? (every ?? false) : false),
    placeholderData: before => before,
    ...(enabled !== undefined && { enabled }),
  })
}

export interface RowsPage<Item> {
  readonly data: readonly Item[]
  readonly meta: { readonly next: string | null; readonly count: number | null }
}

export async function pageOf<K extends PagedKey>(
  key: K,
  args: Args<K>,
  { cursor, limit = pageSize, signal }: { cursor: string | undefined; limit?: number; signal?: AbortSignal },
): Promise<RowsPage<Row<K>>> {
  const query = { ...(args.query as object | undefined), limit, ...(cursor !== undefined && { cursor }) }
  return (await call(key, { ...args, query } as Args<K>, signal)) as unknown as RowsPage<Row<K>>
}

/** Calls a route that changes something; whatever is shown is asked for again. */
export function useAct<K extends RouteKey>(
  key: K,
  { done, failed }: { done?: (answer: Answer<K>) => void; failed?: (error: Error) => void } = {},
) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (args: Args<K>) => call(key, args),
    onSuccess: answer => {
      void client.invalidateQueries()
      done?.(answer)
    },
    onError: error => failed?.(error),
  })
}
