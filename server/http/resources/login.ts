import { z } from 'zod'
import { Problem } from '../problem.ts'
import { type Route, roles, route } from '../route.ts'

const me = z.strictObject({ name: z.string(), role: z.enum(roles), via: z.enum(['loopback', 'session', 'key']) })

/** Passwords of people; longer ones would only cost time. */
export const passwordText = z.string().min(8).max(256)
export const accountName = z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, 'expected 1 to 64 of A-Z a-z 0-9 . _ @ -')

export const loginRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/login',
    group: 'login',
    summary: 'Log in with a browser',
    needs: 'nobody',
    body: z.strictObject({ name: z.string().max(256), password: z.string().max(1_024) }),
    answer: me,
    handle: async ({ house, body, address, setSession }) => {
      const { throttle, accounts, sessions } = house
      const waitMs = throttle.wait(address, body.name)
      if (waitMs > 0) {
        const retryAfter = Math.ceil(waitMs / 1_000)
        throw new Problem('too-many-requests', `too many wrong passwords; wait ${retryAfter} s`, { retryAfter })
      }
      // Counted before it is known, so that many at once are as slow as one after the other.
      throttle.failed(address, body.name)
      const account = await accounts.login(body.name, body.password)
      if (!account) throw new Problem('unauthenticated', 'unknown name or wrong password')
      throttle.succeeded(address, body.name)
      setSession(sessions.begin(account))
      return { name: account.name, role: account.role, via: 'session' as const }
    },
  }),
  route({
    method: 'POST',
    path: '/logout',
    group: 'login',
    summary: 'Log out',
    needs: 'nobody',
    handle: async ({ house, session, setSession }) => {
      if (session !== undefined) house.sessions.end(session)
      setSession(undefined)
    },
  }),
  route({
    method: 'GET',
    path: '/me',
    group: 'login',
    summary: 'Show who is logged in',
    needs: 'viewer',
    answer: me,
    handle: ({ actor: { name, role, via } }) => ({ name, role, via }),
  }),
]
