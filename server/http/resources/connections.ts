import { z } from 'zod'
import { connectionOf } from '../../../kernel/bridging/bridge-options.ts'
import { bridgingOptions, type LoadedConfig, type NamedEntry, namedEntries } from '../../config/index.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { configWith } from '../settings.ts'
import { climbed, rung } from './ladder.ts'
import {
  entryCalled,
  entryFields,
  givenEntry,
  named,
  newlyNamed,
  putEntry,
  removeEntry,
  showEntry,
  withinEntry,
} from './named-entry.ts'

const connection = z.strictObject({
  ...entryFields,
  type: z.string(),
  bridges: z.array(z.string()).describe('Who uses it.'),
})

const group = 'connections'

export const connectionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/connections',
    group,
    summary: 'List connections to other systems',
    needs: 'viewer',
    answer: z.array(connection),
    handle: ({ house }) => namedEntries(house.server.current, 'connections').map(entry => show(house, entry)),
  }),
  route({
    method: 'GET',
    path: '/connections/:name',
    group,
    summary: 'Show a connection',
    needs: 'viewer',
    params: named,
    answer: connection,
    handle: ({ house, params: { name } }) => show(house, entryCalled(house, 'connections', name)),
  }),
  route({
    method: 'PUT',
    path: '/connections/:name',
    group,
    summary: 'Make a connection, or change it; the body is its entry in the configuration',
    needs: 'admin',
    params: newlyNamed,
    body: givenEntry,
    answer: connection,
    handle: async ({ house, params: { name }, body }) => show(house, await putEntry(house, 'connections', name, body)),
  }),
  route({
    method: 'DELETE',
    path: '/connections/:name',
    group,
    summary: 'Remove a connection that no bridge uses',
    needs: 'admin',
    params: named,
    handle: async ({ house, params: { name } }) => {
      const users = usersOf(house, name)
      if (users.length > 0)
        throw new Problem(
          'conflict',
          `connection "${name}" is used by ${users.join(', ')}; remove or change them first`,
        )
      await removeEntry(house, 'connections', name)
    },
  }),
  route({
    method: 'POST',
    path: '/connections/:name/test',
    group,
    summary: 'Try what a connection needs, step by step, to the first that fails',
    needs: 'operator',
    asks: true,
    params: named,
    answer: z.array(rung),
    handle: ({ house, params: { name } }) => {
      entryCalled(house, 'connections', name)
      return ladderOf(house, house.server.current, name)
    },
  }),
  route({
    method: 'POST',
    path: '/connections/:name/try',
    group,
    summary: 'Try a connection as it would be with this entry, before it is kept',
    needs: 'admin',
    params: newlyNamed,
    body: givenEntry,
    answer: z.array(rung),
    handle: async ({ house, params: { name }, body }) => {
      const changes = { [`connections.${name}`]: body }
      const loaded = await configWith(house, changes, { pointerOf: withinEntry('connections', name) })
      house.server.hideSecretsOf(loaded)
      return ladderOf(house, loaded, name)
    },
  }),
]

function ladderOf({ kernel }: House, { config, plugins }: LoadedConfig, name: string) {
  const chosen = bridgingOptions(config, plugins).connections[name]
  if (chosen === undefined) throw new Problem('not-found', `there is no connection "${name}"`)
  return climbed(signal => kernel.bridges.testConnection(chosen, signal))
}

function show(house: House, entry: NamedEntry): z.output<typeof connection> {
  return { ...showEntry(entry), type: String(entry.value.type), bridges: usersOf(house, entry.name) }
}

function usersOf({ server }: House, name: string): string[] {
  const { bridges } = server.current.config
  return Object.keys(bridges).filter(bridge => connectionOf(bridges[bridge] ?? {}) === name)
}
