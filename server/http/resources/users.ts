import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { addUser, listUsers, removeUser, UsersFileError } from '../../../auth-plugins/password/index.ts'
import { usersFile } from '../../config/index.ts'
import type { House } from '../house.ts'
import { pageOf, pageQuery } from '../page.ts'
import { Problem } from '../problem.ts'
import { list, type Route, route } from '../route.ts'
import { passwordText } from './login.ts'

const user = z.strictObject({
  name: z.string(),
  tenant: z.string().nullable(),
  superuser: z.boolean().describe('No rule is asked.'),
  scram: z.boolean().describe('May log in by challenge and response.'),
})

const named = z.strictObject({ name: z.string().min(1).max(1_024) })

/** Users of the broker: clients that log in with a name and password. */
export const userRoutes: readonly Route[] = [
  list({
    path: '/users',
    group: 'users',
    summary: 'List users of the broker',
    needs: 'viewer',
    query: z.strictObject({ ...pageQuery, search: z.string().optional() }),
    answer: user,
    handle: async ({ house, query }) =>
      pageOf(await usersOf(house), {
        limit: query.limit,
        cursor: query.cursor,
        keyOf: ({ name }) => name,
        keep: ({ name }) => query.search === undefined || name.includes(query.search),
        view: ({ name, tenant, superuser, scram }) => ({ name, tenant: tenant ?? null, superuser, scram }),
      }),
  }),
  route({
    method: 'PUT',
    path: '/users/:name',
    group: 'users',
    summary: 'Add a user of the broker, or set its password',
    needs: 'admin',
    params: named,
    body: z.strictObject({
      password: passwordText,
      tenant: z.string().min(1).optional(),
      superuser: z.boolean().default(false),
      scram: z.boolean().default(true),
    }),
    answer: user,
    handle: async ({ house, params: { name }, body: { tenant, ...rest } }) => {
      const file = usersFileOf(house)
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await mended(() => addUser(file, { name, ...rest, ...(tenant !== undefined && { tenant }) }))
      await house.reload()
      const { superuser, scram } = rest
      return { name, tenant: tenant ?? null, superuser, scram }
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/:name',
    group: 'users',
    summary: 'Remove a user of the broker',
    needs: 'admin',
    params: named,
    handle: async ({ house, params: { name } }) => {
      const file = usersFileOf(house)
      if (!existsSync(file) || !(await mended(() => removeUser(file, name))))
        throw new Problem('not-found', `there is no user "${name}"`)
      await house.reload()
    },
  }),
]

/** Before the first user is added there is no file. */
export async function usersOf(house: House): ReturnType<typeof listUsers> {
  const file = usersFileOf(house)
  return existsSync(file) ? listUsers(file) : []
}

export function usersFileOf({ server }: House): string {
  const { path, asked } = usersFile(server.current)
  if (asked === 'never')
    throw new Problem(
      'conflict',
      'no authenticator of the configuration is of type password, so no users file is asked',
    )
  return path
}

/** What the users file refuses says what to do. */
async function mended<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UsersFileError) throw new Problem('conflict', error.message)
    throw error
  }
}
