import { z } from 'zod'
import { Problem } from '../problem.ts'
import { type Route, roles, route } from '../route.ts'
import { accountName, passwordText } from './login.ts'
import { time, timeOf } from './names.ts'

const account = z.strictObject({ name: z.string(), role: z.enum(roles) })
const named = z.strictObject({ name: accountName })

const key = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  groups: z.array(z.string()).nullable().describe('Only routes of these groups; null: of all.'),
  createdAt: time,
  createdBy: z.string(),
  expiresAt: time.nullable(),
})

/** Who may use this API: people and keys. Clients of the broker are at /users. */
export const accountRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/accounts',
    group: 'accounts',
    summary: 'List accounts of the API and dashboard',
    needs: 'admin',
    answer: z.array(account),
    handle: ({ house }) => house.accounts.accounts.map(({ name, role }) => ({ name, role })),
  }),
  route({
    method: 'PUT',
    path: '/accounts/:name',
    group: 'accounts',
    summary: 'Add an account, or set its password and role',
    needs: 'admin',
    params: named,
    body: z.strictObject({ role: z.enum(roles), password: passwordText }),
    answer: account,
    handle: async ({ house, params: { name }, body: { role, password } }) => {
      await house.accounts.setAccount({ name, role }, password)
      house.sessions.endOf(name)
      return { name, role }
    },
  }),
  route({
    method: 'DELETE',
    path: '/accounts/:name',
    group: 'accounts',
    summary: 'Remove an account',
    needs: 'admin',
    params: named,
    handle: async ({ house, params: { name } }) => {
      if (!(await house.accounts.removeAccount(name))) throw new Problem('not-found', `there is no account "${name}"`)
      house.sessions.endOf(name)
    },
  }),
  route({
    method: 'GET',
    path: '/api-keys',
    group: 'api-keys',
    summary: 'List API keys',
    needs: 'admin',
    answer: z.array(key),
    handle: ({ house }) => house.accounts.keys.map(showKey),
  }),
  route({
    method: 'POST',
    path: '/api-keys',
    group: 'api-keys',
    summary: 'Make an API key; its secret is told once',
    needs: 'admin',
    status: 201,
    body: z.strictObject({
      name: z.string().min(1).max(128),
      role: z.enum(roles),
      groups: z.array(z.string().min(1)).min(1).max(100).optional(),
      expiresAt: time.optional(),
    }),
    answer: key.extend({ secret: z.string().describe('Send it as `Authorization: Bearer <secret>`.') }),
    handle: async ({ house, actor, body }) => {
      const { name, role, groups, expiresAt } = body
      const now = house.clock.now()
      const made = await house.accounts.addKey({
        name,
        role,
        createdAt: now,
        createdBy: actor.name,
        ...(groups && { groups }),
        ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }),
      })
      return { ...showKey(made.key), secret: made.secret }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api-keys/:id',
    group: 'api-keys',
    summary: 'Remove an API key; it is refused at once',
    needs: 'admin',
    params: z.strictObject({ id: z.string() }),
    handle: async ({ house, params: { id } }) => {
      if (!(await house.accounts.removeKey(id))) throw new Problem('not-found', `there is no API key "${id}"`)
    },
  }),
]

function showKey(given: {
  id: string
  name: string
  role: (typeof roles)[number]
  groups?: string[] | undefined
  createdAt: number
  createdBy: string
  expiresAt?: number | undefined
}): z.output<typeof key> {
  const { createdAt, expiresAt, groups, ...rest } = given
  return {
    ...rest,
    groups: groups ?? null,
    createdAt: timeOf(createdAt),
    expiresAt: expiresAt === undefined ? null : timeOf(expiresAt),
  }
}
