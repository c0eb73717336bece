import { useEffect } from 'react'
import { onLoggedOut, Refused, Unreachable } from './client.ts'
import { queries, useAnswer } from './queries.ts'
import type { Routes } from './routes.ts'

export type Me = Routes['GET /me']['answer']
export type Role = Me['role']

const order: readonly Role[] = ['viewer', 'operator', 'admin']

export type Session =
  | { readonly state: 'unknown' | 'unreachable' | 'logged-out' }
  | { readonly state: 'logged-in'; readonly me: Me }

/** Who uses this page. */
export function useSession(): Session {
  const { data, error, refetch } = useAnswer('GET /me', {})
  useEffect(
    () =>
      onLoggedOut(() => {
        if (queries.getQueryData(['GET /me', {}]) !== undefined) void refetch()
      }),
    [refetch],
  )
  if (error instanceof Refused && error.status === 401) return { state: 'logged-out' }
  if (data) return { state: 'logged-in', me: data }
  return { state: error instanceof Unreachable ? 'unreachable' : 'unknown' }
}

/** May whoever uses this page do what needs this role? The server decides; this only greys out. */
export function useMay(needs: Role): boolean {
  const { data } = useAnswer('GET /me', {})
  return data !== undefined && data !== null && order.indexOf(data.role) >= order.indexOf(needs)
}
